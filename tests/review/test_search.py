"""A value is searched for in what is still audible, after its cost was said; hits are positions alone."""

import json
from contextlib import closing
from dataclasses import replace

import pytest
from leak_stand_ins import House, is_consistent, marked
from stage_stand_ins import SECRET, Stage, heard, write_recording

from redactor.commands import review_search as command
from redactor.errors import LanguageError, StoreError, UsageError
from redactor.inputs import find_inputs, input_path
from redactor.ledger import State
from redactor.review import search as module
from redactor.review.entries import Finding
from redactor.review.entries import Stage as FollowedUp
from redactor.review.search import Cost, finding_span, plan_search, search_value
from redactor.review.store import STORE_NAME, ReviewStore, insert_findings
from redactor.review.values import SAME, places, value_under
from redactor.review.withdraw import withdraw
from redactor.types import Segment, Transcript, Word


def said(text, *, start=0.0, channel=0, duration=None):
    """A transcript of words of 0.4 s each."""
    words = text.split()
    times = [(word, start + at * 0.4, start + at * 0.4 + 0.35) for at, word in enumerate(words)]
    return heard(*times, duration=duration or start + len(words) * 0.4, channel=channel)


def under(text, marked_words, entity_type="PERSON"):
    """The value of the words in text that are marked, by their numbers."""
    transcript = said(text)
    words = list(transcript.words(0))
    first, last = words[marked_words[0]], words[marked_words[-1]]
    return value_under(transcript, marked(first.start, last.end, entity_type))


# --- the value, and where it is said again

NUMBER = "my number is seven four two nine one five please"
FOUND_AGAIN = [
    # value, its words, type, transcript, first and last word of the hit, whether it is whole
    ("my name is Torsten Quill thanks", [3, 4], "PERSON", "yes Torsten Quill called", (1, 2), True),
    ("my name is Torsten Quill thanks", [2, 5], "PERSON", "yes torsten quill called", (1, 2), True),
    ("my name is Torsten Quill thanks", [3, 4], "PERSON", "that was Torsten again", (2, 2), False),
    ("her name is Katarzyna", [3], "PERSON", "I spoke to Katarzina before", (3, 3), False),
    (NUMBER, [3, 8], "PHONE_NUMBER", "it was 742915 I think", (2, 2), True),
    (NUMBER, [3, 8], "PHONE_NUMBER", "it was 742 915 I think", (2, 3), True),
    ("my number is 742915", [3], "PHONE_NUMBER", "seven four two nine one five", (0, 5), True),
    ("the address is 42 Elm Street", [3, 5], "STREET_ADDRESS", "at forty two elm street", (1, 4), True),
    ("the code is 7421", [3], "PIN_CODE", "I typed seven four two one", (2, 5), True),
    ("I work for Blenheim Castings now", [3, 4], "ORGANIZATION", "with Blenheim Castings here", (1, 2), True),
    ("I work for Blenheim Castings now", [3, 4], "ORGANIZATION", "that was Blenheim again", (2, 2), False),
    ("born on March the third 1984", [2, 5], "DATE_OF_BIRTH", "so March the third 1984 right", (1, 4), True),
    ("the password is purple elephant seven", [3, 5], "PASSWORD", "purple elephant 7 right", (0, 2), True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "entity_type", "other", "hit", "is_whole"), FOUND_AGAIN)
def test_the_same_is_found_however_it_is_written(text, words, entity_type, other, hit, is_whole):
    transcript = said(other)
    (place,) = places(under(text, words, entity_type), transcript)
    found = list(transcript.words(0))
    assert (place.start, place.end) == (found[hit[0]].start, found[hit[1]].end)
    assert (place.score == SAME) == is_whole


@pytest.mark.parametrize(
    ("text", "words", "entity_type", "other"),
    [
        ("my name is Torsten Quill", [3, 4], "PERSON", "my name is unknown to you"),
        (NUMBER, [3, 8], "PHONE_NUMBER", "seven or four or two please"),
        (NUMBER, [3, 8], "PHONE_NUMBER", "my number is seven one one"),
        ("I am Mark", [2], "PERSON", "please mark it as done"),
        ("we live in Prospect now", [3], "STREET_ADDRESS", "a good prospect for us"),
        ("thank you very much", [0, 3], "OTHER", "oh thank you very much indeed"),
        ("my order here", [0, 1], "OTHER", "about my order please"),
        ("I have forty two here", [2, 3], "AGE", "and 42 of them"),
    ],
)
def test_what_is_like_it_but_another_thing_is_not(text, words, entity_type, other):
    entity_type = None if entity_type == "OTHER" else entity_type
    transcript = said(text)
    found = list(transcript.words(0))
    times = found[words[0]].start, found[words[-1]].end
    span = replace(marked(*times), entity_types=(entity_type,) if entity_type else ())
    assert places(value_under(transcript, span), said(other)) == []


def test_what_the_second_model_heard_is_searched_for_too():
    first, second = said("my name is thirsty quilt"), said("my name is Torsten Quill")
    value = value_under(replace(first, others=(second,)), marked(1.2, 2.0))
    (place,) = places(value, said("hello Torsten Quill here"))
    assert (place.start, place.score) == (pytest.approx(0.4), SAME)


def test_what_is_said_at_the_same_moment_of_another_recording_is_no_other_spelling_of_it():
    value = under("my name is Torsten Quill", [3, 4])
    assert places(value, said("we will deliver Marianne Brackenbury tomorrow")) == []


def test_a_finding_on_one_channel_is_not_what_the_other_side_says():
    sides = said("my name is Torsten Quill"), said("yes hold on Marianne Okonkwo", channel=1)
    both = Transcript.build(4.0, [segment for side in sides for segment in side.segments])
    value = value_under(both, marked(1.2, 2.0, channels=(0,)))
    assert places(value, said("hello Marianne Okonkwo")) == []
    assert len(places(value_under(both, marked(1.2, 2.0)), said("hello Marianne Okonkwo"))) == 1


@pytest.mark.parametrize(
    ("times", "is_value"), [((1.2, 2.0), True), ((1.28, 1.4), True), ((1.96, 1.99), False)]
)
def test_a_word_is_under_a_finding_that_lies_on_half_of_it_or_within_it(times, is_value):
    assert (value_under(said("my name is Torsten Quill"), marked(*times)) is not None) == is_value


def test_a_value_shows_in_no_message():
    assert "Torsten" not in repr(under("my name is Torsten Quill", [3, 4]))


# --- a release


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Recordings 0 and 1 say the name, which no detector finds; 2 does not."""
    monkeypatch.setattr(command, "prepare", House.prepare)
    made = House(tmp_path, monkeypatch, num_recordings=0)
    made.stages.found = ()
    return made


TEXTS = {
    "0": heard(("name", 0.3, 0.5), ("is", 0.5, 0.7), ("Torsten", 0.8, 1.2), ("Quill", 1.2, 1.6)),
    "1": heard(("Torsten", 0.1, 0.5), ("Quill", 0.5, 0.9), ("called", 1.0, 1.3), ("for", 1.4, 1.8)),
    "2": heard(("nobody", 0.1, 0.5), ("called", 0.5, 0.9)),
}  # fmt: skip
LEAK = marked(0.8, 1.6)


def _next(result):
    return next(result) if hasattr(result, "__next__") else result


@pytest.fixture
def names(house, monkeypatch):
    with monkeypatch.context() as patch:
        return _filled(house, patch)


def _filled(house, patch, texts=TEXTS):
    for stem in texts:
        write_recording(house.inputs / f"{stem}.wav")
    found = find_inputs([str(house.inputs)]).inputs
    house.stages.transcript = iter([texts[item.path.stem] for item in found])
    patch.setattr(Stage, "_give", lambda stage: _next(stage.result))
    house.run()
    with house.archive() as archive:
        return {item.path.stem: archive.name_of(item) for item in found}


def searched(house, name, span=LEAK, transcript=TEXTS["0"]):
    with house.archive() as archive:
        prepared = house.prepare(house.settings())
        return search_value(archive, prepared, name, span, recognizer=Stage(transcript))


def test_hits_are_names_and_positions_in_what_is_released(house, names):
    with house.archive() as archive:
        withdraw(archive, names["0"], [LEAK])
    (hit,) = searched(house, names["0"])
    assert (hit.name, hit.channel, hit.start, hit.end) == (names["1"], 0, 0.1, 0.9)
    assert (hit.entity_type, hit.score) == ("PERSON", 1.0)
    assert "Torsten" not in repr(hit)
    assert hit.span == marked(0.1, 0.9, channels=(0,))


def test_the_rest_of_the_recording_itself_is_searched_and_not_the_finding_again(house, names):
    with house.archive() as archive:
        withdraw(archive, names["0"], [LEAK])
    words = [*TEXTS["0"].words(0), Word("Torsten", 1.7, 1.9, 0.9)]
    again = Transcript.build(2.0, [Segment(0, "en", None, 0.0, 1.9, tuple(words), -0.2, 0.0, 1.0)])
    hits = searched(house, names["0"], transcript=again)
    assert [(hit.name, hit.start) for hit in hits if hit.name == names["0"]] == [(names["0"], 1.7)]


def test_what_is_muted_already_is_no_hit(house, names):
    with house.archive() as archive:
        for stem, spans in (("0", [LEAK]), ("1", [marked(0.0, 1.0)])):
            withdraw(archive, names[stem], spans)
    house.stages.transcript = TEXTS["1"]
    house.run()
    assert [hit for hit in searched(house, names["0"]) if hit.name == names["1"]] == []


def test_a_transcript_that_was_removed_at_once_is_withdrawn_and_one_that_is_none_stops_it(house, names):
    path = house.out / "release" / "transcripts" / names["1"][:2] / f"{names['1']}.json"
    path.write_text(json.dumps({"segments": [{"words": SECRET}]}))
    with pytest.raises(StoreError, match="cannot be read as one.*redactor run") as caught:
        searched(house, names["0"])
    assert SECRET not in str(caught.value)
    path.unlink()
    assert {hit.name for hit in searched(house, names["0"])} <= {names["0"]}


@pytest.mark.parametrize(
    ("transcript", "message"),
    [
        (heard(("hi", 0.1, 0.3)), "nothing was understood.*larger --model"),
        (heard(), "nothing was understood"),
        (ValueError(SECRET), "cannot be heard again.*put it back"),
        (LanguageError(SECRET), "cannot be heard again \\(language\\)"),
    ],
)
def test_where_nothing_is_understood_it_says_what_to_do_and_no_word(house, names, transcript, message):
    with pytest.raises(UsageError, match=message) as caught:
        searched(house, names["0"], transcript=transcript)
    assert SECRET not in str(caught.value) and "0.wav" not in str(caught.value)


def test_the_cost_is_of_all_that_is_released_and_of_the_original(house, names):
    cost = plan_search(house.folder, names["0"], LEAK)
    assert cost == Cost(3, 3, 6.0, 2.0, pytest.approx(10.0 + 2 / 8 + 0.003 + 6 * 2e-4))
    with house.archive() as archive:
        withdraw(archive, names["0"], [LEAK])
    cost = plan_search(house.folder, names["0"], LEAK)
    assert (cost.recordings, cost.transcripts, cost.original_s) == (2, 2, 2.0)


def test_what_cannot_be_searched_is_refused_with_the_next_step(house, names):
    with pytest.raises(UsageError, match="no recording of"):
        plan_search(house.folder, "ab" * 16, LEAK)
    with pytest.raises(UsageError, match="past the end"):
        plan_search(house.folder, names["0"], marked(2.5, 3.0))
    with house.archive() as archive:
        original = input_path(archive.inputs.get(names["0"]).uri)
    original.unlink()
    with pytest.raises(UsageError, match="not where it was.*put it back") as caught:
        plan_search(house.folder, names["0"], LEAK)
    assert "0.wav" not in str(caught.value)


def test_a_release_without_transcripts_in_json_is_said_to_be_none_to_search(house, monkeypatch):
    house.policy = replace(house.policy, output=replace(house.policy.output, transcripts=("txt",)))
    with monkeypatch.context() as patch:
        names = _filled(house, patch)
    with pytest.raises(UsageError, match="no transcript in JSON.*output.transcripts"):
        plan_search(house.folder, names["0"], LEAK)


def test_a_run_with_kept_names_is_refused(house, names):
    with house.archive() as archive:
        archive.ledger.set_setting("keep_names", "true")
    with pytest.raises(UsageError, match="--keep-names is not reviewed"):
        plan_search(house.folder, names["0"], LEAK)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        ((2.0, 1.0, "PERSON"), "two times"),
        ((0.0, float("inf"), "PERSON"), "two times"),
        ((0.0, 1.0, SECRET), "no such type"),
    ],
)
def test_a_finding_that_cannot_be_is_refused_and_not_quoted(finding, message):
    with pytest.raises(UsageError, match=message) as caught:
        finding_span(*finding)
    assert SECRET not in str(caught.value)


# --- the command


def search(house, name, monkeypatch, *, yes, as_json=True):
    monkeypatch.setattr(module, "_recognizer", lambda prepared: Stage(TEXTS["0"]))
    return command.review_search(
        house.out, name=name, start=0.8, end=1.6, entity_type="PERSON", private=None, yes=yes, as_json=as_json
    )  # fmt: skip


def test_without_yes_it_says_the_cost_and_does_nothing(house, names, monkeypatch, capsys):
    monkeypatch.setattr(command, "search_value", lambda *_, **__: pytest.fail("it was searched"))
    assert search(house, names["0"], monkeypatch, yes=False) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["cost"]["transcripts"] == 3
    assert "3 transcripts" in told.err and "--yes" in told.err
    assert len(house.listed()) == 3 and is_consistent(house)


def test_with_yes_every_recording_that_says_it_is_withdrawn_with_where(house, names, monkeypatch, capsys):
    with house.archive() as archive:
        withdraw(archive, names["0"], [LEAK])
    assert search(house, names["0"], monkeypatch, yes=True) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["withdrawn"] == [names["1"]]
    assert document["hits"] == [
        {"name": names["1"], "channel": 0, "start": 0.1, "end": 0.9, "entity_type": "PERSON", "score": 1.0}
    ]
    assert "review apply" in told.err
    assert "Torsten" not in told.out + told.err and "Quill" not in told.out + told.err
    assert house.listed() == [names["2"]] and is_consistent(house)
    with house.archive() as archive:
        assert archive.ledger.reviewed(names["1"]) == (marked(0.1, 0.9, channels=(0,)),)
        assert archive.ledger.row(names["2"]).state is State.DONE


def test_no_byte_of_the_value_is_left_in_the_run_folder(house, names, monkeypatch):
    for path in house.out.rglob("*/transcripts/*/*"):
        assert path.is_file()
    search(house, names["0"], monkeypatch, yes=True)
    left = b"".join(path.read_bytes() for path in house.out.rglob("*") if path.is_file())
    assert b"Torsten" not in left and b"torsten" not in left.lower()


def test_where_nothing_is_said_again_nothing_is_withdrawn(house, names, monkeypatch, capsys):
    with house.archive() as archive:
        withdraw(archive, names["0"], [LEAK])
        withdraw(archive, names["1"], [marked(0.0, 1.0)])
    assert search(house, names["0"], monkeypatch, yes=True, as_json=False) == 0
    told = capsys.readouterr()
    assert (told.out, "0 places in 0 recordings" in told.err) == ("", True)
    assert house.listed() == [names["2"]]


def test_where_a_finding_of_a_review_is_said_again_is_one_too(house, names, monkeypatch):
    monkeypatch.setattr(module, "_recognizer", lambda prepared: Stage(TEXTS["0"]))
    heard_first = Finding("f", "item", "r1", names["0"], 0.8, 1.6, "PERSON", FollowedUp.SETTLED)
    with house.archive() as archive:
        withdraw(archive, names["0"], [LEAK])
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        with store.transaction() as db:
            insert_findings(db, [heard_first])
        assert command.review_search_finding(house.out, finding="f", private=None, yes=True, as_json=True) == 0
        (again,) = store.findings(FollowedUp.WITHDRAWN)
    assert (again.name, again.start, again.end, again.item) == (names["1"], 0.1, 0.9, "item")
