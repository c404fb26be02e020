"""What a subject may keep of their own, rule by rule; and that nothing else ever stays audible."""

import json
import pickle
from dataclasses import replace

import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_stand_ins import POLICY, RATE, Stage, files_below, write_recording
from stage_stand_ins import Verifier as Agreeable

from redactor.engines.base import Job, attempt
from redactor.errors import UsageError
from redactor.keep import Keep, read_identifiers
from redactor.ledger import State
from redactor.pipeline import Tools
from redactor.policy import AlignPolicy, DenyPolicy, VerifyPolicy
from redactor.types import Origin, PiiSpan, Segment, SpeechRegion, TimeSpan, Transcript, Word
from redactor.verify.claim import Checked, Missed
from redactor.verify.verifier import Verifier

NAME = "ab" * 16
DURATION = 12.0
SUBJECT, AGENT = 1, 0
PHONE = "415 555 0101"
SAID = "hello my name is Ada Quill and you know that"


def words_of(text, start=0.5, step=0.5, length=0.4):
    """A word each half second."""
    return [Word(t, start + i * step, start + i * step + length, 0.9) for i, t in enumerate(text.split())]


def segment(words, channel=SUBJECT):
    return Segment(channel, "en", None, words[0].start, words[-1].end, tuple(words), -0.2, 0.0, 1.0)


def hearing(*texts, speech=()):
    """What is said on a channel, given as (channel, text) or as a text of the subject's."""
    texts = [text if isinstance(text, tuple) else (SUBJECT, text) for text in texts]
    made = [segment(words_of(text), channel) for channel, text in texts]
    return Transcript.build(DURATION, made, speech=[SpeechRegion(*region) for region in speech])


def finding(transcript, text, *, channel=SUBJECT, entity_type="PERSON", number=0, recognizer="test"):
    whole = transcript.hearings[number].text(channel)
    start = whole.index(text)
    return PiiSpan(channel, entity_type, start, start + len(text), 0.9, recognizer, number)


def times_of(transcript, text, channel=SUBJECT):
    pii = finding(transcript, text, channel=channel)
    words = transcript.words(channel)
    under = [w for w in words if w.char_start < pii.char_end and pii.char_start < w.char_end]
    return under[0].start, under[-1].end


def kept(transcript, found, *identifiers, channels=None, num_channels=2):
    keep = Keep(identifiers, {NAME: SUBJECT} if channels is None else channels)
    keeper = keep.on(NAME, num_channels)
    return keeper.stretches(transcript, found) if keeper else ()


def is_kept(said, value, *identifiers, **options):
    transcript = hearing(said)
    return bool(kept(transcript, [finding(transcript, value)], *identifiers, **options))


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        ("Ada Quill", "Ada Quill"),
        ("ada quill.", "ADA QUILL"),
        ("Ada, Quill!", "Ada Quill"),
        ("Anne-Marie O'Neil", "Anne Marie O’Neil"),
        ("José", "José"),
        ("415 555 0101", "(415) 555-0101"),
        ("415-555-0101", "4155550101"),
        ("four one five five five five oh one oh one", "415 555 0101"),
        ("four one five, triple five, zero one zero one", "415 555 0101"),
        ("forty one fifty five fifty five oh one oh one", "4155550101"),
        ("four one um five five five five oh one oh one", "4155550101"),
        ("March fourth, nineteen eighty", "1980-03-04"),
        ("4th of March 1980", "March 4, 1980"),
        ("the twenty first of May 1980", "1980-05-21"),
        ("ada dot quill at example dot com", "ada.quill@example.com"),
        ("ada.quill@example.com.", "Ada.Quill@example.com"),
        ("ada underscore q 7 at g mail dot com", "ada_q7@gmail.com"),
        ("K 7 A 22", "K7A22"),
    ],
)
def test_an_identifier_is_known_however_it_is_said_or_written(value, identifier):
    assert is_kept(f"that is {value} yes", value, "Somebody Else", identifier)


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        ("Ada", "Ada Quill"),
        ("Ada Quill", "Ada"),
        ("Quill Ada", "Ada Quill"),
        ("Adah Quill", "Ada Quill"),
        ("Ada Quills", "Ada Quill"),
        ("Ada Quill's", "Ada Quill"),
        ("Jose", "José"),
        ("AdaQuill", "Ada Quill"),
        ("Ada and Quill", "Ada Quill"),
        ("415 555 0102", "415 555 0101"),
        ("415 555 010", "415 555 0101"),
        ("415 555 0101 2", "415 555 0101"),
        ("for one five five five five oh one oh one", "415 555 0101"),
        ("415 dump 555 0101", "415 555 0101"),
        ("two hundred five", "2005"),
        ("March 4", "1980-03-04"),
        ("March 5 1980", "1980-03-04"),
        ("June Smith", "Smith June"),
        ("ada quill at example dot com", "ada.quill@example.com"),
        ("ada dot quill at example dot org", "ada.quill@example.com"),
        ("ada dot quill", "ada.quill@example.com"),
        ("Victor", "V"),
        ("Sandra zero", "Sandra O"),
    ],
)
def test_what_is_only_like_an_identifier_or_part_of_it_is_muted(value, identifier):
    assert not is_kept(f"that is {value} yes", value, identifier)


def test_two_identifiers_in_one_finding_are_muted():
    assert not is_kept(SAID, "Ada Quill", "Ada", "Quill")
    assert is_kept(SAID, "Ada Quill", "Ada", "Quill", "Ada Quill")


def test_a_piece_of_a_longer_word_is_another_word():
    words = [*words_of("it is Quill"), Word("ton", 1.9, 2.0, 0.9, joined=True), *words_of("yes", start=2.5)]
    transcript = Transcript.build(DURATION, [segment(words)])
    assert transcript.text(SUBJECT) == "it is Quillton yes"
    assert not kept(transcript, [finding(transcript, "Quill")], "Quill")
    assert kept(transcript, [finding(transcript, "Quillton")], "Quillton")
    assert not kept(transcript, [finding(transcript, "ton")], "ton")


@pytest.mark.parametrize("channels", [{}, {"cd" * 16: SUBJECT}, {NAME: AGENT}, {NAME: 2}])
def test_nothing_is_kept_but_on_the_channel_that_is_catalogued(channels):
    assert not is_kept(SAID, "Ada Quill", "Ada Quill", channels=channels)


def test_nothing_is_kept_on_a_mixed_channel():
    transcript = hearing((0, SAID))
    found = [finding(transcript, "Ada Quill", channel=0)]
    assert kept(transcript, found, "Ada Quill", channels={NAME: 0})
    assert not kept(transcript, found, "Ada Quill", channels={NAME: 0}, num_channels=1)


def test_of_findings_that_overlap_all_or_none_are_kept():
    transcript = hearing(SAID)
    whole, part = finding(transcript, "Ada Quill"), finding(transcript, "Quill", recognizer="other")
    more = finding(transcript, "Quill and", entity_type="LOCATION")
    (stretch,) = kept(transcript, [part, whole], "Ada Quill")
    assert set(stretch.found) == {whole, part}
    assert (stretch.start, stretch.end) == times_of(transcript, "Ada Quill")
    assert not kept(transcript, [whole, more], "Ada Quill")
    assert not kept(transcript, [whole, more], "Ada Quill", "Quill and")
    assert not kept(transcript, [part], "Ada Quill")


@pytest.mark.parametrize(
    ("second", "stays"),
    [
        (SAID, True),
        (SAID.lower(), True),
        (SAID.replace("Ada", "Ida"), False),
        (SAID.replace("Quill", "Quilt"), False),
        (SAID.replace(" Quill", ""), False),
        ("hello", False),
    ],
)
def test_all_models_have_to_have_heard_it(second, stays):
    transcript = replace(hearing(SAID), others=(hearing(second),))
    assert bool(kept(transcript, [finding(transcript, "Ada Quill")], "Ada Quill")) is stays


def test_what_only_the_second_model_finds_is_held_against_what_the_first_one_heard():
    transcript = replace(hearing(SAID.replace("Ada", "Ida")), others=(hearing(SAID),))
    assert not kept(transcript, [finding(transcript, "Ada Quill", number=1)], "Ada Quill")
    alike = replace(hearing(SAID), others=(hearing(SAID),))
    assert kept(alike, [finding(alike, "Ada Quill", number=1)], "Ada Quill")
    wider = [finding(alike, "Ada Quill"), finding(alike, "is Ada Quill", number=1)]
    assert not kept(alike, wider, "Ada Quill")


def test_what_another_voice_says_at_that_time_on_the_same_channel_counts():
    over = Transcript.build(DURATION, [segment(words_of(SAID)), segment([Word("Bob", 2.5, 2.9, 0.9)])])
    transcript = replace(hearing(SAID), others=(over,))
    found = [finding(transcript, "Ada Quill", number=number) for number in (0, 1)]
    assert kept(replace(transcript, others=(hearing(SAID),)), found, "Ada Quill")
    assert not kept(transcript, found, "Ada Quill")


def test_a_finding_of_the_agent_at_the_same_characters_is_none_of_the_subject():
    transcript = hearing((AGENT, SAID.replace("Ada Quill", "Bob Brown")), SAID)
    theirs, own = finding(transcript, "Bob Brown", channel=AGENT), finding(transcript, "Ada Quill")
    assert (theirs.char_start, theirs.char_end) == (own.char_start, own.char_end)
    (stretch,) = kept(transcript, [theirs, own], "Ada Quill")
    assert stretch.found == (own,)
    assert not kept(transcript, [theirs], "Ada Quill")
    keeper = Keep(("Ada Quill",), {NAME: SUBJECT}).on(NAME, 2)
    assert keeper.objections(transcript, [theirs, own], [stretch.span]) == (theirs,)


VOCABULARY = st.sampled_from("Ada Quill Ida my 4 1 5 five oh call me. John double and".split())


@settings(max_examples=150, deadline=None)
@given(
    said=st.lists(VOCABULARY, min_size=1, max_size=8),
    second=st.lists(VOCABULARY, min_size=1, max_size=8),
    bounds=st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4), st.integers(0, 1)), min_size=1, max_size=4),
    channel=st.integers(0, 1),
)
def test_no_finding_is_kept_that_is_not_wholly_an_identifier(said, second, bounds, channel):
    transcript = replace(hearing((channel, " ".join(said))), others=(hearing((channel, " ".join(second))),))
    found = []
    for first, count, number in bounds:
        words = list(transcript.hearings[number].words(channel))[first : first + count]
        if words:
            chars = words[0].char_start, words[-1].char_end
            found.append(PiiSpan(channel, "PERSON", *chars, 0.9, "test", number))
    # An oracle that knows the few words of this test.
    same = {"five": "5", "oh": "0", "me.": "me"}
    plain = [[same.get(word, word).casefold() for word in heard] for heard in (said, second)]
    for stretch in kept(transcript, found, "Ada Quill", "415"):
        assert stretch.channel == channel == SUBJECT
        first, last = round((stretch.start - 0.5) / 0.5), round((stretch.end - 0.9) / 0.5)
        for words in plain:
            assert words[first : last + 1] in (["ada", "quill"], ["4", "1", "5"])
        for pii in found:
            under = [
                index
                for index, word in enumerate(transcript.hearings[pii.hearing].words(channel))
                if word.char_start < pii.char_end and pii.char_start < word.char_end
            ]
            overlaps = any(first <= index <= last for index in under)
            assert (pii in stretch.found) is overlaps
            assert not overlaps or all(first <= index <= last for index in under)


# --- what it is made of


def test_identifiers_are_in_no_text_about_it():
    keep = Keep(("Ada Quill", PHONE), {NAME: SUBJECT})
    for thing in (keep, keep.on(NAME, 2), Tools(None, None, None, POLICY, keep=keep)):
        assert "Quill" not in repr(thing) and "415" not in repr(thing)
    assert "quill" not in repr(keep.on(NAME, 2))
    assert pickle.loads(pickle.dumps(keep)) == keep, "workers are told"


def test_the_digest_needs_the_key_and_is_of_one_request():
    keep = Keep(("Ada Quill", PHONE), {NAME: SUBJECT})
    digests = {
        keep.digest(b"k" * 32, "a"),
        keep.digest(b"l" * 32, "a"),
        keep.digest(b"k" * 32, "b"),
        replace(keep, channels={NAME: AGENT}).digest(b"k" * 32, "a"),
        replace(keep, identifiers=("Ada Quill",)).digest(b"k" * 32, "a"),
    }
    assert len(digests) == 5
    assert replace(keep, identifiers=(PHONE, "Ada Quill", PHONE)).digest(b"k" * 32, "a") in digests


@pytest.mark.parametrize("identifiers", [("Ada", ""), ("--",), (7,)])
def test_what_can_be_no_identifier_is_refused_unquoted(identifiers):
    with pytest.raises(UsageError, match="neither a letter nor a digit"):
        Keep(identifiers, {})
    with pytest.raises(UsageError, match="channel"):
        Keep(("Ada",), {NAME: -1})


def private_file(tmp_path, data, mode=0o600):
    path = tmp_path / "identifiers.txt"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_identifiers_are_read_one_a_line(tmp_path):
    path = private_file(tmp_path, "\ufeff Ada Quill \r\n\n415 555 0101\n".encode())
    assert read_identifiers(path) == ("Ada Quill", "415 555 0101")


@pytest.mark.parametrize(
    ("data", "mode", "match"),
    [
        (b"Ada Quill\n", 0o640, "others may read"),
        (b"Ada Quill\n", 0o604, "others may read"),
        (b"Quill\n---\n", 0o600, "line 2 of"),
        (b"Quill\n" + b"Quill " * 40, 0o600, "line 2 of"),
        (b"\n \n", 0o600, "no identifier"),
        (b"Quill\n" * 1001, 0o600, "over 1,000"),
        (b"Quill\xff\n", 0o600, "not UTF-8"),
        (b"Quill\n" * 200_000, 0o600, "too long"),
    ],
)
def test_a_file_that_is_not_private_or_no_list_is_refused_unquoted(tmp_path, data, mode, match):
    with pytest.raises(UsageError, match=match) as caught:
        read_identifiers(private_file(tmp_path, data, mode))
    assert "Quill" not in str(caught.value) and caught.value.__cause__ is None


def test_no_link_and_no_folder_is_read(tmp_path):
    (tmp_path / "link").symlink_to(private_file(tmp_path, b"Ada Quill\n"))
    for path in (tmp_path / "link", tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError):
            read_identifiers(path)


# --- in the whole flow


class Ear:
    """A listener of a check that hears what it is told."""

    def __init__(self, heard):
        self.heard = heard

    def listen_again(self, recording, policy, *, languages, known):
        return self.heard


class Finder:
    """Finds texts wherever they are said, in all hearings."""

    def __init__(self, *texts):
        self.texts = texts

    def detect(self, transcript):
        return tuple(
            finding(transcript, text, channel=channel, number=number)
            for number, heard in enumerate(transcript.hearings)
            for channel in heard.channels
            for text in self.texts
            if text in heard.text(channel)
        )


def flow(tmp_path, transcript, *texts, keep=("Ada Quill",), again=None, policy=POLICY, checked=None, **options):
    """The whole flow over a recording of two channels; the check finds what is in `checked`, or in `texts`."""
    path = write_recording(tmp_path / "in.wav", duration=DURATION, num_channels=options.get("num_channels", 2))
    release = tmp_path / "release"
    release.mkdir()
    wish = Keep(keep, options.get("channels", {NAME: SUBJECT})) if keep else None
    checker = Finder(*(texts if checked is None else checked))
    verifier = options.get("verifier") or Verifier(Ear(again or transcript), checker, policy, keep=wish)
    tools = Tools(Stage(transcript), Finder(*texts), verifier, policy, keep=wish)
    job = Job(NAME, path, reviewed=options.get("reviewed", ()))
    outcome = attempt(job, tools, release=release, keep_names=False, provenance={})
    if outcome.state is not State.DONE:
        return outcome, None, None, None
    files = files_below(release.with_name(".staging"))
    found = {path.parts[-3]: path for path in files}
    samples, _ = sf.read(found["audio"], dtype="int16", always_2d=True)
    texts = {path.name: path.read_text() for path in files if path.parts[-3] == "transcripts"}
    return outcome, samples, json.loads(found["reports"].read_text()), texts


def is_silent(samples, channel, start, end):
    return not samples[round(start * RATE) : round(end * RATE), channel].any()


def is_whole(samples, channel, start, end):
    return bool(samples[round(start * RATE) : round(end * RATE), channel].all())


BOTH = hearing((AGENT, "thank you for calling us today here"), SAID)
WHEN = times_of(BOTH, "Ada Quill")


@pytest.mark.parametrize("channels", ["all", "own"])
def test_what_is_kept_is_heard_and_printed_and_the_other_channel_stays_as_it_would_be(tmp_path, channels):
    policy = replace(POLICY, align=replace(POLICY.align, channels=channels))
    outcome, samples, report, texts = flow(tmp_path, BOTH, "Ada Quill", policy=policy)
    assert (outcome.state, outcome.verdict) == (State.DONE, "passed")
    assert is_whole(samples, SUBJECT, *WHEN)
    assert is_silent(samples, AGENT, *WHEN) is (channels == "all")
    assert len(texts) == 3 and all("Quill" in text for text in texts.values())
    assert report["kept"] == {"number": 1, "types": ["PERSON"]} and "Quill" not in str(report)
    assert [row["channels"] for row in report["redactions"]] == ([[AGENT]] if channels == "all" else [])
    assert "Quill" not in repr(outcome)


def test_without_a_wish_nothing_is_kept_and_the_report_says_nothing_of_it(tmp_path):
    _, samples, report, texts = flow(tmp_path, BOTH, "Ada Quill", keep=())
    assert is_silent(samples, SUBJECT, *WHEN) and is_silent(samples, AGENT, *WHEN)
    assert "kept" not in report and not any("Quill" in text for text in texts.values())


def test_in_another_recording_and_on_a_mixed_channel_nothing_is_kept(tmp_path):
    cases = {"channels": {"cd" * 16: 1}}, {"channels": {NAME: 0}, "num_channels": 1}
    for number, changes in enumerate(cases):
        place = tmp_path / str(number)
        place.mkdir()
        transcript = hearing((0, SAID)) if "num_channels" in changes else BOTH
        _, samples, report, _ = flow(place, transcript, "Ada Quill", **changes)
        assert is_silent(samples, 0, *WHEN) and "kept" not in report


def test_the_same_words_of_the_agent_are_muted(tmp_path):
    transcript = hearing((AGENT, "well Ada Quill"), (SUBJECT, "yes I am just here now and that is Ada Quill"))
    policy = replace(POLICY, align=replace(POLICY.align, channels="own"))
    _, samples, report, _ = flow(tmp_path, transcript, "Ada Quill", policy=policy)
    assert is_silent(samples, AGENT, *times_of(transcript, "Ada Quill", AGENT))
    assert is_whole(samples, SUBJECT, *times_of(transcript, "Ada Quill"))
    assert report["kept"]["number"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"reviewed": (TimeSpan(2.6, 2.7, (AGENT,), ("PERSON",), Origin.REVIEWED),)},
        {"policy": replace(POLICY, align=replace(POLICY.align, padding_after_ms=150.0)), "more": ("is",)},
        {"policy": replace(POLICY, deny=DenyPolicy(enabled=True))},
        {"speech": [(SUBJECT, 0.4, 12.0)], "long": True},
    ],
    ids=["reviewed", "beside", "denied", "unheard"],
)
def test_where_anything_else_is_muted_in_it_all_of_it_is(tmp_path, changes):
    transcript = BOTH
    if changes.pop("long", False):
        words = [*words_of("my name is Ada"), Word("Quill", 2.5, 2.9, 0.9)]
        words[-2:] = [replace(words[-2], end=2.1), Word("Quill", 3.4, 3.8, 0.9)]
        transcript = Transcript.build(
            DURATION, [segment(words)], speech=[SpeechRegion(*r) for r in changes.pop("speech")]
        )
    more = changes.pop("more", ())
    outcome, samples, report, texts = flow(tmp_path, transcript, "Ada Quill", *more, **changes)
    assert outcome.state is State.DONE
    assert is_silent(samples, SUBJECT, *times_of(transcript, "Ada"))
    assert is_silent(samples, SUBJECT, *times_of(transcript, "Quill"))
    assert report["kept"] == {"number": 0, "types": []}
    assert not any("Quill" in text or "Ada" in text for text in texts.values())


def test_beside_what_is_not_kept_the_rest_is_muted_as_always(tmp_path):
    said = "my name is Ada Quill and I know that John Doe was there too"
    transcript = hearing(said)
    _, samples, report, texts = flow(tmp_path, transcript, "Ada Quill", "John Doe")
    assert is_silent(samples, SUBJECT, *times_of(transcript, "John Doe"))
    assert is_whole(samples, SUBJECT, *times_of(transcript, "Ada Quill"))
    assert report["kept"]["number"] == 1 and not any("Doe" in text for text in texts.values())


# --- the check


def test_the_check_objects_to_everything_else(tmp_path):
    said = "my name is Ada Quill and I know that John Doe was there too"
    transcript = hearing(said)
    outcome, samples, _, _ = flow(tmp_path, transcript, "Ada Quill", checked=("Ada Quill", "John Doe"))
    assert outcome.state is State.DONE
    found = [row for told in outcome.account["check"] for row in told["found"]]
    assert found and not any(row["start"] < times_of(transcript, "Quill")[1] for row in found)
    assert is_silent(samples, SUBJECT, *times_of(transcript, "John Doe"))
    assert is_whole(samples, SUBJECT, *times_of(transcript, "Ada Quill"))


def test_the_check_excuses_part_of_what_was_kept_and_nothing_that_reaches_beyond(tmp_path):
    for number, (checked, stays) in enumerate([("Quill", True), ("Ada Quill", True), ("Quill and", False)]):
        place = tmp_path / str(number)
        place.mkdir()
        outcome, samples, report, texts = flow(place, BOTH, "Ada Quill", checked=(checked,))
        assert outcome.state is State.DONE and report["kept"]["number"] == int(stays)
        assert is_whole(samples, SUBJECT, *WHEN) is stays
        assert is_silent(samples, SUBJECT, *WHEN) is not stays
        assert any("Quill" in text for text in texts.values()) is stays


def test_the_check_objects_where_it_hears_another_name(tmp_path):
    again = hearing((AGENT, "thank you for calling us today here"), SAID.replace("Ada", "Ida"))
    outcome, samples, report, _ = flow(tmp_path, BOTH, "Ada Quill", again=again, checked=("Ida Quill",))
    assert outcome.state is State.DONE and report["kept"]["number"] == 0
    assert is_silent(samples, SUBJECT, *WHEN)


def test_an_identifier_is_excused_only_where_the_first_pass_kept_it(tmp_path):
    """Said again where the first pass found nothing, or on the agent's channel: muted."""
    transcript = hearing((AGENT, "oh is that so Ada Quill right"), "yes Ada Quill is my own name indeed")
    keep = Keep(("Ada Quill",), {NAME: SUBJECT})
    found = Finder("Ada Quill").detect(transcript)
    (stretch,) = keep.on(NAME, 2).stretches(transcript, found)
    objections = keep.on(NAME, 2).objections(transcript, found, (stretch.span,))
    assert [pii.channel for pii in objections] == [AGENT]
    assert keep.on(NAME, 2).objections(transcript, found, ()) == found
    elsewhere = replace(stretch.span, start=8.0, end=9.0)
    assert keep.on(NAME, 2).objections(transcript, found, (elsewhere,)) == found
    assert keep.on(NAME, 2).objections(transcript, found, (replace(stretch.span, channels=(AGENT,)),)) == found


def test_an_ellipsis_in_place_of_what_is_muted_is_no_part_of_an_identifier():
    left = hearing("well Ada ... Quill yes")
    keeper = Keep(("Ada Quill",), {NAME: SUBJECT}).on(NAME, 2)
    found = (finding(left, "Ada ... Quill"),)
    span = TimeSpan(1.0, 2.4, (SUBJECT,), ("PERSON",), Origin.DETECTED)
    assert keeper.objections(left, found, (span,)) == found


def test_a_verifier_that_knows_of_no_wish_objects(tmp_path):
    policy = replace(POLICY, verify=VerifyPolicy(max_rounds=1))
    verifier = Verifier(Ear(BOTH), Finder("Ada Quill"), policy)
    outcome, samples, report, _ = flow(tmp_path, BOTH, "Ada Quill", policy=policy, verifier=verifier)
    assert outcome.state is State.DONE and report["kept"]["number"] == 0
    assert is_silent(samples, SUBJECT, *WHEN)


def test_what_the_check_has_muted_beside_takes_all_of_it(tmp_path):
    heard = hearing((AGENT, "x"), "x x x x Ada")
    missed = Missed("hearing", heard, (finding(heard, "Ada"),))
    verifier = Agreeable(Checked(missed=(missed,), listened=True))
    _, samples, report, texts = flow(tmp_path, BOTH, "Ada Quill", verifier=verifier)
    first, second = verifier.claims
    assert [span.channels for span in first.kept] == [(SUBJECT,)] and second.kept == ()
    assert is_silent(samples, SUBJECT, *WHEN) and report["kept"]["number"] == 0
    assert not any("Quill" in text for text in texts.values())


def test_padding_of_what_is_muted_beside_it_is_never_shortened(tmp_path):
    """With the policy of every day: what overlaps by its padding takes the identifier with it."""
    policy = replace(POLICY, align=AlignPolicy())
    words = words_of("my name is Ada Quill John Doe was there too", length=0.5)
    transcript = Transcript.build(DURATION, [segment(words)])
    _, samples, report, _ = flow(tmp_path, transcript, "Ada Quill", "John Doe", policy=policy)
    assert is_silent(samples, SUBJECT, *times_of(transcript, "Ada Quill John Doe"))
    assert report["kept"]["number"] == 0
