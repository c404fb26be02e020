"""What the recognizer makes of what Whisper says: a stand-in Whisper, and one real small model."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from faster_whisper.transcribe import get_compression_ratio

from redactor.audio.decode import decode
from redactor.audio.recording import Recording
from redactor.errors import LanguageError, ModelError
from redactor.invariants import check_transcript
from redactor.model_registry import resolve
from redactor.policy import LanguagePolicy, Policy, TranscribePolicy
from redactor.transcribe import Recognizer, choose_device, listener, recognizer
from redactor.transcribe.calibration import Calibration
from redactor.transcribe.rules import WindowRules
from redactor.transcribe.windows import Window
from redactor.transcribe.written import Encoded, RawWord, Written
from redactor.types import Audio, AudioFormat, SpeechRegion

RATE = 16_000
CPU = choose_device("cpu")
AUTO = Policy(
    "test",
    entities={"PERSON": 0.5},
    language=LanguagePolicy(prompts={}),
    transcribe=TranscribePolicy(second_best_ms=0.0),
)
ENGLISH = replace(AUTO, language=LanguagePolicy(spoken="en", prompts={}))
TWO_LANGUAGES = replace(AUTO, language=LanguagePolicy(detectors={"en": "a", "de": "b"}, prompts={}))
GERMAN = replace(AUTO, language=LanguagePolicy(spoken="de", detectors={"de": "b"}, prompts={}))
LOOP = " you and me " * 20


@dataclass
class Said:
    """What a stand-in says to a window: a text, and how sure it is. Words last half a second each."""

    text: str
    avg_logprob: float = -0.2
    complete: bool = True
    no_speech_prob: float = 0.0
    words: list | None = None
    second: "Said | None" = None

    def written(self):
        ratio = get_compression_ratio(self.text.strip())
        second = self.second and self.second.written()
        return Written((self,), self.text, ratio, self.avg_logprob, self.no_speech_prob, self.complete, second)

    def timed(self):
        if self.words is not None:
            return [RawWord(text, start, end, 0.9) for text, start, end in self.words]
        return [RawWord(f" {w}", 0.5 * i, 0.5 * i + 0.5, 0.9) for i, w in enumerate(self.text.split())]


def words(*timed, **changes):
    """Words given as (text with its space, start, end)."""
    return Said("".join(text for text, *_ in timed), words=list(timed), **changes)


@dataclass
class Ear:
    """Stands in for redactor.transcribe.whisper.Whisper: says its sayings in turn."""

    says: list = field(default_factory=lambda: [Said("hello")])
    full: list = field(default_factory=list)
    multilingual: bool = True
    language: str = "en"
    calibration: Calibration = field(default_factory=lambda: Calibration(margin=0.0))
    rules: WindowRules = field(default_factory=WindowRules)

    def __post_init__(self):
        self.encoded, self.written, self.prompts, self.asked = [], [], [], 0
        self._says, self._full = list(self.says), list(self.full)

    def knows(self, language):
        return language == "en" or self.multilingual

    def encode(self, sounds, *, full=False):
        self.encoded += [(len(sound), full) for sound in sounds]
        # A window of 30 s has 1500 states; which one it is stands in the first of them.
        return [Encoded(np.full((1500 if full else 500, 1), s[0]), len(s) / RATE) for s in sounds]

    def languages(self, encoded):
        self.asked += 1
        return {self.language: 0.9, "fr": 0.1}

    def write(self, encoded, language, *, beam_size, prompt="", second_best=False):
        written = []
        self.prompts.append(prompt)
        for one in encoded:
            said = (self._full if one.full else self._says).pop(0)
            self.written.append((language, said.text))
            written.append(said.written() if second_best else replace(said.written(), second=None))
        return written

    def words(self, encoded, written, language):
        return written.tokens[0].timed()


def window_of(number, *stretches):
    """A window whose samples are its number."""
    if not isinstance(stretches[0], tuple):
        stretches = [stretches]
    first, *_ = places = [round(a * RATE) for a, _ in stretches]
    lengths = [round((b - a) * RATE) for a, b in stretches]
    seams = tuple(zip(np.cumsum(lengths)[:-1].tolist(), places[1:], strict=True))
    return Window(first, np.full(sum(lengths), number, np.float32), seams)


@pytest.fixture
def make(monkeypatch):
    """A recognizer over stand-ins; `windows` and `regions` are what a channel is cut into, in seconds.

    A window is (start, end), or several of these where pauses are left out.
    """

    def build(
        main,
        *,
        second=None,
        identifier=None,
        checker=None,
        windows=((0.0, 2.0),),
        regions=((0.0, 2.0),),
        loud=(),
    ):
        ears = {"model": main, "second": second, "identifier": identifier, "checker": checker}

        class Channel:
            """Hands out its windows at the end of the channel."""

            def __init__(self, recording, policy, ears):
                self.regions = list(regions)

            def feed(self, samples):
                return []

            def finish(self):
                return [window_of(n, *stretches) for n, stretches in enumerate(windows)]

        monkeypatch.setattr(recognizer, "Whisper", lambda files, **_: ears[files.name])
        monkeypatch.setattr(recognizer, "ChannelStream", Channel)
        monkeypatch.setattr(recognizer, "GridChannel", lambda heard, ear: Channel(heard, ENGLISH, [ear]))
        monkeypatch.setattr(recognizer, "loud_regions", lambda power, duration: list(loud))
        given = {name: SimpleNamespace(name=name, digest=name) for name, ear in ears.items() if ear}
        return Recognizer(
            given["model"],
            second=given.get("second"),
            identifier=given.get("identifier"),
            checker=given.get("checker"),
            device=CPU,
        )

    return build


def recording(*, duration=2.0, channels=1, alike=False):
    """Another sound on every channel, or the same."""
    samples = np.arange(round(duration * RATE) * channels, dtype=np.int16).reshape(-1, channels)
    samples = np.repeat(samples[:, :1], channels, axis=1) if alike else samples
    return Recording.of(Audio(np.ascontiguousarray(samples), RATE, AudioFormat("WAV", "PCM_16")))


def hear(made, policy=ENGLISH, **kind):
    return made.transcribe(recording(**kind), policy).transcript


def words_of(transcript, channel=0):
    return [(w.text, w.start, w.end) for w in transcript.words(channel)]


def test_words_come_back_stripped_with_their_times(make):
    heard = hear(make(Ear([words((" hello", 0.1, 0.5), (" Ada", 0.5, 0.900004))])))
    assert words_of(heard) == [("hello", 0.1, 0.5), ("Ada", 0.5, 0.9)]
    assert heard.text(0) == "hello Ada"
    assert heard.speech == (SpeechRegion(0, 0.0, 2.0),)
    assert heard.duration == 2.0
    check_transcript(heard, recording())


def test_power_is_that_of_the_recording(make):
    power = make(Ear([Said("hello")] * 2)).transcribe(recording(channels=2), ENGLISH).power
    assert power.shape == (200, 2)
    assert (power > 0).all()


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((" 617", "-555", "-0138"), "617-555-0138"),
        ((" 98", ".7", " degrees"), "98.7 degrees"),
        (("hello", " there"), "hello there"),
        ((" so", " ", " yes"), "so yes"),
        (("  ", "617", "-555"), "617-555"),
    ],
)
def test_pieces_of_a_word_stay_together(make, pieces, text):
    timed = [(piece, 0.1 * i, 0.1 * (i + 1)) for i, piece in enumerate(pieces)]
    two = make(Ear([Said("And"), words(*timed)]), windows=[(0.0, 1.0), (1.0, 2.0)])
    assert hear(two).text(0) == f"And {text}"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([(" in", 0.0, 0.5), (" over", 0.8, 1.6)], [("in", 1.0, 1.5), ("over", 1.8, 2.0)]),
        ([(" in", 0.0, 0.5), (" past", 1.0, 1.4), (" far", 28.0, 29.0)], [("in", 1.0, 1.5)]),
        ([(" past", 1.3, 1.6)], []),
    ],
)
def test_what_lies_past_the_end_is_no_word(make, said, kept):
    heard = hear(make(Ear([words(*said)]), windows=[(1.0, 2.0)]))
    assert words_of(heard) == kept
    assert heard.speech == (SpeechRegion(0, 0.0, 2.0),)
    check_transcript(heard, recording())


@pytest.mark.parametrize("times", [(math.nan, 0.5), (0.5, math.nan), (0.9, 0.2)])
def test_nonsense_is_left_for_the_check_to_find(make, times):
    heard = hear(make(Ear([words((" hello", *times))])))
    with pytest.raises(Exception, match="times that cannot be"):
        check_transcript(heard, recording())


FULLY = {"windows": [(0.25, 1.5)], "regions": [(0.5, 1.0)]}


@pytest.mark.parametrize(
    "doubtful",
    [
        Said(LOOP),
        Said("hello", complete=False),
        Said("hello", avg_logprob=-1.01),
        Said("hello", avg_logprob=math.nan),
        Said("turn it off. Turn it off."),
        Said(""),
    ],
    ids=["loop", "no-end", "improbable", "nan", "said-twice", "nothing"],
)
def test_what_cannot_be_trusted_is_heard_again_as_30_seconds(make, doubtful):
    ear = Ear([doubtful], full=[Said("turn it off", avg_logprob=-0.1)])
    made = make(ear, **FULLY)
    heard = hear(made)
    assert ear.encoded == [(20_000, False), (20_000, True)]
    assert heard.text(0) == "turn it off"
    assert (made.tally.windows, made.tally.again) == (1, 1)


@pytest.mark.parametrize(
    "sure",
    [Said("hello there"), Said("hello", avg_logprob=-1.0), Said("no no never"), Said("a cat a dog")],
)
def test_what_can_be_trusted_is_heard_once(make, sure):
    ear = Ear([sure])
    assert hear(make(ear, **FULLY)).text(0) == sure.text
    assert len(ear.encoded) == 1


def test_of_two_answers_the_more_probable_one_counts(make):
    ear = Ear([Said("one two one two", avg_logprob=-0.3)], full=[Said("want to", avg_logprob=-0.9)])
    assert hear(make(ear, **FULLY)).text(0) == "one two one two"


@pytest.mark.parametrize("again", [Said(LOOP), Said("hello", complete=False)])
def test_what_loops_twice_is_speech_without_words(make, again):
    heard = hear(make(Ear([Said(LOOP)], full=[again]), **FULLY))
    assert words_of(heard) == []
    assert heard.speech == (SpeechRegion(0, 0.25, 1.5), SpeechRegion(0, 0.5, 1.0))


@pytest.mark.parametrize(
    ("logprob", "no_speech", "text"), [(-1.1, 0.7, ""), (-1.1, 0.6, "Thank you."), (-0.9, 0.99, "Thank you.")]
)
def test_what_is_made_up_where_nobody_speaks_is_no_words(make, logprob, no_speech, text):
    said = Said("Thank you.", avg_logprob=logprob, no_speech_prob=no_speech)
    heard = hear(make(Ear([said], full=[said]), **FULLY))
    assert heard.text(0) == text
    assert (SpeechRegion(0, 0.25, 1.5) in heard.speech) == (text == "")


def test_a_loop_in_a_window_of_30_seconds_is_not_asked_for_again(make, monkeypatch):
    ear = Ear()
    monkeypatch.setattr(ear, "encode", lambda sounds, full=False: [Encoded(np.zeros((1500, 1)), 1.0)])
    monkeypatch.setattr(ear, "_full", [Said(LOOP)])
    assert words_of(hear(make(ear))) == []


def test_text_that_cannot_have_been_said_is_speech_without_words(make):
    fast = words(*((f" w{i % 3}", i * 0.1, (i + 1) * 0.1) for i in range(12)))
    heard = hear(make(Ear([fast], full=[fast]), windows=[(0.0, 1.2)], regions=[(0.2, 0.5)]))
    assert words_of(heard) == []
    assert heard.speech == (SpeechRegion(0, 0.0, 1.2), SpeechRegion(0, 0.2, 0.5))


def test_without_speech_nothing_is_transcribed(make):
    ear = Ear([Said("Thanks for watching")])
    heard = hear(make(ear, windows=[], regions=[]), AUTO)
    assert (heard.segments, heard.speech, ear.encoded) == ((), (), [])


def test_equal_channels_are_heard_once(make):
    ear = Ear([Said("hello"), Said(LOOP)], full=[Said(LOOP)])
    heard = hear(make(ear, windows=[(0.0, 1.0), (1.0, 2.0)]), channels=2, alike=True)
    assert len(ear.encoded) == 3
    assert words_of(heard, 0) == words_of(heard, 1) == [("hello", 0.0, 0.5)]
    assert [(r.start, r.end) for r in heard.speech if r.channel == 0] == [
        (r.start, r.end) for r in heard.speech if r.channel == 1
    ]
    assert len(heard.speech) == 4


def test_channels_that_differ_at_the_very_end_are_heard_apart(make):
    sound = recording(duration=10.0, channels=2, alike=True)
    samples = np.concatenate(list(sound.blocks()))
    samples[-1, 1] += 1
    sound = Recording.of(Audio(samples, RATE, AudioFormat("WAV", "PCM_16")))
    ear = Ear([Said("hello"), Said("there")])
    heard = make(ear).transcribe(sound, ENGLISH).transcript
    assert (heard.text(0), heard.text(1)) == ("hello", "there")


def test_a_window_keeps_its_place(make):
    heard = hear(make(Ear([words((" hello", 0.5, 1.0))]), windows=[(2.5, 4.5)]), duration=10.0)
    assert words_of(heard) == [("hello", 3.0, 3.5)]


JOINED = [((1.0, 2.0), (5.0, 7.0), (8.0, 9.0))]


def test_words_behind_a_pause_that_was_left_out_keep_their_place(make):
    said = words((" I'm", 0.2, 0.5), (" Ada", 0.6, 0.9), (" yes", 1.5, 1.8), (" you", 3.2, 3.9))
    heard = hear(make(Ear([said]), windows=JOINED), duration=10.0)
    assert words_of(heard) == [("I'm", 1.2, 1.5), ("Ada", 1.6, 1.9), ("yes", 5.5, 5.8), ("you", 8.2, 8.9)]
    assert [(s.start, s.end, len(s.words)) for s in heard.segments] == [
        (1.2, 1.9, 2), (5.5, 5.8, 1), (8.2, 8.9, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "kept"),
    [
        ((0.6, 1.1), (1.6, 2.0)),  # a little of the pause behind it
        ((0.1, 1.3), (5.0, 5.3)),  # all of the pause before it: three letters do not take so long
        ((0.8, 1.5), (5.0, 5.5)),
        ((2.9, 3.4), (8.0, 8.4)),
        ((0.6, 3.2), (8.0, 8.2)),
    ],
)
def test_a_word_across_a_seam_is_where_it_ends_unless_that_is_just_behind(make, times, kept):
    heard = hear(make(Ear([words((" Ada", *times))]), windows=JOINED), duration=10.0)
    assert words_of(heard) == [("Ada", *kept)]


def test_pieces_on_both_sides_of_a_seam_are_two_words_and_none_goes_back(make):
    said = words((" 617", 0.7, 0.9), ("-555", 1.2, 1.4), (" so", 0.8, 1.0))
    heard = hear(make(Ear([said]), windows=JOINED), duration=10.0)
    assert words_of(heard) == [("617", 1.7, 1.9), ("-555", 5.2, 5.4), ("so", 5.0, 5.02)]
    assert heard.text(0) == "617 -555 so"


def test_of_a_window_that_became_no_words_each_stretch_is_speech(make):
    heard = hear(make(Ear([Said(LOOP)], full=[Said(LOOP)]), windows=JOINED, regions=[]), duration=10.0)
    assert heard.speech == tuple(SpeechRegion(0, a, b) for a, b in JOINED[0])


def test_more_than_can_be_said_in_one_stretch_is_no_words_of_any(make):
    crowd = [(" extraordinarily", 0.1 + 0.1 * n, 0.2 + 0.1 * n) for n in range(6)]
    said = words(*crowd, (" yes", 1.5, 1.8))
    heard = hear(make(Ear([said], full=[Said(LOOP)]), windows=JOINED, regions=[]), duration=10.0)
    assert words_of(heard) == [] and len(heard.speech) == 3


@pytest.fixture
def speech_left(monkeypatch):
    """Says where, in seconds of each sound that is left behind a last word, there is speech."""

    def say(*answers):
        waiting = list(answers)

        def speech_in(samples, *, threshold):
            return [(round(a * RATE), round(b * RATE)) for a, b in waiting.pop(0)]

        monkeypatch.setattr(listener, "speech_in", speech_in)
        return waiting

    return say


def test_speech_behind_the_last_word_of_a_window_is_heard_by_itself(make, speech_left):
    """A decoder stops in the middle now and then, where it becomes hard: at spelled names, at numbers."""
    waiting = speech_left([(2.0, 4.0)], [(0.5, 2.0)], [])
    ear = Ear([words((" My", 0.1, 0.5)), words((" name", 0.4, 0.6)), words((" is", 1.7, 2.5))])
    heard = hear(make(ear, windows=[(1.0, 7.0)]), duration=10.0)
    # 5.5 s are left, of which 1.6 s are a pause; then 3.3 s, and of these 0.1 s.
    assert [n / RATE for n, _ in ear.encoded] == pytest.approx([6.0, 3.9, 3.2])
    assert words_of(heard) == [("My", 1.1, 1.5), ("name", 3.5, 3.7), ("is", 5.5, 6.3)]
    assert not waiting and heard.speech == (SpeechRegion(0, 0.0, 2.0),)
    check_transcript(heard, recording(duration=10.0))


def test_what_is_left_of_a_window_keeps_its_place_behind_a_pause(make, speech_left):
    speech_left([(0.0, 0.7), (1.0, 2.0)])
    ear = Ear([words((" I'm", 0.2, 0.5)), words((" Ada", 0.1, 0.5), (" yes", 0.8, 1.2), (" you", 2.6, 3.4))])
    heard = hear(make(ear, windows=JOINED), duration=10.0)
    assert words_of(heard) == [("I'm", 1.2, 1.5), ("Ada", 1.6, 2.0), ("yes", 5.3, 5.7), ("you", 8.1, 8.9)]


@pytest.mark.parametrize("speech", [[], [(0.0, 0.5), (1.0, 1.4)]])
def test_without_a_second_of_speech_behind_the_last_word_nothing_is_heard_again(make, speech_left, speech):
    speech_left(speech)
    ear = Ear([words((" My", 0.1, 0.5))])
    hear(make(ear, windows=[(1.0, 7.0)]), duration=10.0)
    assert len(ear.encoded) == 1


def test_a_model_that_comes_no_farther_is_not_asked_for_ever(make, speech_left):
    waiting = speech_left([(0.0, 5.0)])
    ear = Ear([words((" My", 0.0, 0.1))])
    assert words_of(hear(make(ear, windows=[(1.0, 7.0)]), duration=10.0)) == [("My", 1.0, 1.1)]
    assert len(waiting) == 1


def test_speech_between_words_is_heard_by_itself_and_stands_between_them(make, speech_left):
    speech_left([(1.0, 4.0)])
    ear = Ear([words((" My", 0.1, 0.5), (" thanks", 5.0, 5.8)), words((" name", 0.4, 0.9), (" is", 1.0, 3.0))])
    heard = hear(make(ear, windows=[(1.0, 7.0)]), duration=10.0)
    # Heard from 0.4 s before the speech in the gap until 0.4 s behind it.
    assert [n / RATE for n, _ in ear.encoded] == pytest.approx([6.0, 3.8])
    assert words_of(heard) == [("My", 1.1, 1.5), ("name", 2.5, 3.0), ("is", 3.1, 5.1), ("thanks", 6.0, 6.8)]
    assert heard.text(0) == "My name is thanks"
    check_transcript(heard, recording(duration=10.0))


def test_what_cannot_have_been_said_is_heard_again_as_30_seconds(make):
    spelled = words(*((f"-{'abc'[i % 3]}", i * 0.1, (i + 1) * 0.1) for i in range(12)))
    ear = Ear([spelled], full=[Said("A B C")])
    assert hear(make(ear, **FULLY)).text(0) == "A B C"


def test_of_a_window_that_loops_twice_the_halves_are_heard(make):
    """What is weak in the middle parts them."""
    ear = Ear([Said(LOOP), Said("one two"), Said("three four")], full=[Said(LOOP)])
    heard = hear(make(ear, windows=[(1.0, 13.0)], regions=[]), duration=15.0)
    (_, first), (_, second) = ear.encoded[0], ear.encoded[1]
    assert (first, second) == (False, True)
    parts = [n for n, _ in ear.encoded[2:]]
    assert sum(parts) == 12 * RATE and min(parts) >= 0.35 * 12 * RATE
    assert heard.text(0) == "one two three four"
    assert words_of(heard)[2][1] == pytest.approx(1.0 + parts[0] / RATE, abs=1e-3)
    assert heard.speech == ()


def test_a_half_that_loops_as_well_is_speech_without_words(make):
    ear = Ear([Said(LOOP), Said("one two"), Said(LOOP)], full=[Said(LOOP), Said(LOOP)])
    heard = hear(make(ear, windows=[(1.0, 13.0)], regions=[]), duration=15.0)
    ((_, begin, end),) = [(r.channel, r.start, r.end) for r in heard.speech]
    assert heard.text(0) == "one two"
    assert end == 13.0 and begin == pytest.approx(1.0 + ear.encoded[2][0] / RATE, abs=1e-3)


def test_a_short_window_that_loops_twice_is_not_heard_in_halves(make):
    ear = Ear([Said(LOOP)], full=[Said(LOOP)])
    heard = hear(make(ear, windows=[(1.0, 12.9)], regions=[]), duration=15.0)
    assert heard.speech == (SpeechRegion(0, 1.0, 12.9),) and len(ear.encoded) == 2


def test_of_a_window_that_is_made_up_no_halves_are_heard(make):
    made_up = Said("Thank you.", avg_logprob=-1.1, no_speech_prob=0.7)
    ear = Ear([made_up], full=[made_up])
    heard = hear(make(ear, windows=[(1.0, 13.0)], regions=[]), duration=15.0)
    assert heard.speech == (SpeechRegion(0, 1.0, 13.0),) and len(ear.encoded) == 2


def test_what_is_left_and_becomes_no_words_is_unknown(make, speech_left):
    speech_left([(1.0, 5.0)])
    ear = Ear([words((" My", 0.1, 0.5)), Said(LOOP)], full=[Said(LOOP)])
    made, known = make(ear, windows=[(1.0, 7.0)], regions=[]), {}
    first = made.listen_again(recording(duration=10.0), AUTO, languages=("en",), known=known)
    assert words_of(first) == [("My", 1.1, 1.5)]
    assert first.speech == (SpeechRegion(0, pytest.approx(2.1), 7.0),)  # from 0.4 s before the speech
    # What did not change is known with what was left of it.
    assert made.listen_again(recording(duration=10.0), AUTO, languages=("en",), known=known) == first
    assert len(known) == 1 and len(ear.encoded) == 3


def test_windows_are_heard_in_groups_of_one_language(make):
    """A group has half a minute; the language is asked of its longest windows alone."""
    ear = Ear([Said("hallo")] * 5, language="de")
    windows = [(10.0 * n, 10.0 * n + 10.0) for n in range(5)]
    heard = hear(make(ear, windows=windows), TWO_LANGUAGES, duration=50.0)
    assert ear.asked == 2
    assert {language for language, _ in ear.written} == {"de"}
    assert [s.language for s in heard.segments] == ["de"] * 5


@pytest.mark.parametrize(
    ("short", "full", "language"),
    [({"en": 0.3}, None, "en"), ({"en": 0.29, "de": 0.2}, {"en": 0.9}, "en"), ({"en": 0.1}, {"en": 0.3}, "en")],
)
def test_where_a_short_window_does_not_tell_the_language_30_seconds_do(make, short, full, language):
    ear = Ear([Said("hello")])
    ear.languages = lambda encoded: full if encoded.full else short
    assert hear(make(ear), AUTO).segments[0].language == language
    assert [whole for _, whole in ear.encoded] == ([False] if full is None else [False, True])


def test_a_language_without_a_detector_is_refused_before_it_is_transcribed(make):
    ear = Ear([Said("bonjour")], language="fr")
    with pytest.raises(LanguageError):
        hear(make(ear), AUTO)
    assert ear.written == []


def test_an_english_model_asks_another_for_the_language(make):
    english = Ear([Said("hello"), Said("hello")], multilingual=False, language="xx")
    assert hear(make(english, identifier=Ear(language="en")), AUTO).text(0) == "hello"
    with pytest.raises(LanguageError):
        hear(make(english, identifier=Ear(language="fr")), AUTO)


@pytest.mark.parametrize("policy", [TWO_LANGUAGES, GERMAN], ids=["found", "given"])
def test_an_english_model_is_not_given_another_language_to_write_as_english(make, policy):
    english = Ear([Said("hello")], multilingual=False)
    with pytest.raises(LanguageError, match="knows only English"):
        hear(make(english, identifier=Ear(language="de")), policy)
    assert english.written == []


def test_an_english_model_alone_does_not_guess(make):
    with pytest.raises(ModelError, match=r"language\.identifier is not loaded"):
        hear(make(Ear(multilingual=False)), AUTO)


def test_an_english_model_needs_no_other_where_english_is_trusted(make):
    assert hear(make(Ear(multilingual=False))).text(0) == "hello"


def test_a_model_that_cannot_be_loaded_is_named(tmp_path):
    broken = SimpleNamespace(name="mine", digest="0", path=tmp_path, calibration={}, windows={})
    with pytest.raises(ModelError, match="model 'mine' cannot be loaded on cpu as int8"):
        Recognizer(broken, device=CPU)


def test_a_second_model_hears_everything_again_and_its_own_times_are_put_right(make):
    first = Ear([words((" hello", 0.1, 0.5))] * 2)
    second = Ear([words((" hollow", 0.3, 0.6))] * 2, calibration=Calibration(0.1, -0.05, margin=0.0))
    heard = hear(make(first, second=second), channels=2)
    (other,) = heard.others
    assert words_of(heard) == words_of(heard, 1) == [("hello", 0.1, 0.5)]
    assert words_of(other) == words_of(other, 1) == [("hollow", 0.2, 0.65)]
    assert first.encoded == second.encoded


def test_a_second_model_that_knows_only_english_is_not_asked_about_another_language(make):
    second = Ear([Said("hollow")], multilingual=False)
    heard = hear(make(Ear([Said("hallo")]), second=second), GERMAN)
    assert heard.text(0) == "hallo"
    assert words_of(heard.others[0]) == []
    assert second.encoded == []


def prompted(policy, **prompts):
    return replace(policy, language=replace(policy.language, prompts=prompts))


def test_the_first_model_writes_everything_once_more_for_each_prompt(make):
    first, second = Ear([Said("few on"), Said("Fionn"), Said("Fee")]), Ear([Said("fume")])
    heard = hear(make(first, second=second), prompted(ENGLISH, en=("A Saoirse.", "An Eluned.")))
    assert [(other.text(0), other.tentative) for other in heard.hearings] == [
        ("few on", False), ("fume", False), ("Fionn", True), ("Fee", True),
    ]  # fmt: skip
    assert first.prompts == ["", "A Saoirse.", "An Eluned."]
    assert second.prompts == [""]
    assert len(first.encoded) == 1
    check_transcript(heard, recording())


def test_a_prompt_is_for_its_language_alone(make):
    both = prompted(TWO_LANGUAGES, en=("A Saoirse.",))
    heard = hear(make(Ear([Said("hallo")], language="de")), both)
    assert [(other.text(0), other.tentative) for other in heard.hearings] == [("hallo", False), ("", True)]


def test_a_prompted_text_that_cannot_be_trusted_is_no_hearing_and_not_asked_for_again(make):
    first = Ear([Said("few on"), Said(LOOP)], full=[Said("Fionn")])
    heard = hear(make(first), prompted(ENGLISH, en=("A Saoirse.",)))
    assert (heard.text(0), heard.others[0].text(0)) == ("few on", "")
    assert first.prompts == ["", "A Saoirse."]


def test_who_listens_again_is_not_prompted(make):
    checker = Ear([Said("hollow")])
    made = make(Ear(), checker=checker)
    made.listen_again(recording(), prompted(ENGLISH, en=("A Saoirse.",)), languages=["en"], known={})
    assert checker.prompts == [""]


def weighed(policy, longest_ms=8_000.0):
    return replace(policy, transcribe=replace(policy.transcribe, second_best_ms=longest_ms))


def test_what_each_model_holds_for_second_most_probable_is_tentative_and_comes_last(make):
    will = Said("will you call", second=Said("Wilhelm called"))
    first = Ear([will, Said("yes"), Said("Fionn"), Said("yes")])
    second = Ear([Said("we call", second=words((" Wilma", 0.3, 0.6))), Said("yes")])
    second.calibration = Calibration(0.1, -0.05, margin=0.0)
    policy = prompted(weighed(ENGLISH), en=("A Saoirse.",))
    heard = hear(make(first, second=second, windows=[(0.0, 2.0), (4.0, 6.0)]), policy, duration=6.0)
    assert [(other.text(0), other.tentative) for other in heard.hearings] == [
        ("will you call yes", False), ("we call yes", False), ("Fionn yes", True),
        ("Wilhelm called yes", True), ("Wilma yes", True),
    ]  # fmt: skip
    assert words_of(heard.others[-1])[0] == ("Wilma", 0.2, 0.65)
    check_transcript(heard, recording(duration=6.0))


@pytest.mark.parametrize(
    "second",
    [
        Said(LOOP),
        Said("hallow", complete=False),
        Said("hallow", avg_logprob=-1.5, no_speech_prob=0.9),
        words(*((f" w{n}", 0.1, 0.1) for n in range(30))),
    ],
)
def test_a_second_choice_that_cannot_have_been_said_is_none(make, second):
    heard = hear(make(Ear([Said("hello", second=second)])), weighed(ENGLISH))
    assert [other.text(0) for other in heard.hearings] == ["hello", ""]


def test_second_choices_are_those_of_short_windows(make):
    said = [Said("hello", second=Said("hallow")), Said("there", second=Said("their"))]
    made = make(Ear(said), windows=[(0.0, 2.0), (3.0, 7.0)])
    heard = hear(made, weighed(ENGLISH, 3_000.0), duration=7.0)
    assert [other.text(0) for other in heard.hearings] == ["hello there", "hallow there"]


def test_a_recording_without_any_second_choice_is_not_searched_in_them(make):
    said = [Said("hello"), Said("there")]
    _, second = hear(make(Ear(said)), weighed(ENGLISH), channels=2).hearings
    assert (second.text(0), second.text(1)) == ("", "")
    said[1].second = Said("their")
    _, second = hear(make(Ear(said)), weighed(ENGLISH), channels=2).hearings
    assert (second.text(0), second.text(1)) == ("hello", "their")


def test_who_listens_again_has_no_second_choice(make):
    checker = Ear([Said("hello", second=Said("hallow"))])
    made = make(Ear(), checker=checker)
    heard = made.listen_again(recording(), weighed(ENGLISH), languages=["en"], known={})
    assert (heard.text(0), heard.others) == ("hello", ())


def test_what_is_loud_counts_as_speech_on_every_channel_once_somebody_speaks(make):
    made = make(Ear([Said("hello")] * 2), loud=[(1.5, 1.9)], regions=[(0.0, 0.5)])
    assert {SpeechRegion(0, 1.5, 1.9), SpeechRegion(1, 1.5, 1.9)} <= set(hear(made, channels=2).speech)


def test_what_is_faint_is_looked_for_beside_all_other_speech_once_somebody_speaks(make, monkeypatch):
    asked = []

    def found(recording, known, power, *, threshold):
        asked.append((sorted((region.start, region.end) for region in known), threshold))
        return [SpeechRegion(0, 1.7, 1.9)]

    monkeypatch.setattr(recognizer, "faint_speech", found)
    made = make(Ear([Said("hello")]), loud=[(1.2, 1.5)], regions=[(0.0, 0.5)])
    assert SpeechRegion(0, 1.7, 1.9) in hear(made).speech
    assert asked == [([(0.0, 0.5), (1.2, 1.5)], ENGLISH.transcribe.vad_threshold)]
    assert hear(make(Ear(), windows=[], regions=[])).speech == ()


def test_what_is_loud_where_nobody_speaks_is_no_speech(make):
    assert hear(make(Ear(), loud=[(1.5, 1.9)], windows=[], regions=[])).speech == ()


@pytest.mark.model
def test_the_real_model_hears_an_order_twice_alike():
    model = resolve("tiny.en", task="transcribe")
    sound = Recording.of(decode(Path(__file__).parents[2] / "examples" / "coffee_order.flac").audio)
    first, second = (
        Recognizer(model, device=CPU).transcribe(sound, ENGLISH).transcript for _ in range(2)
    )
    assert first == second
    check_transcript(first, sound)
    assert "cappuccino" in first.text(0).lower()
    assert len(list(first.words(0))) > 5
    assert all(0 <= w.start <= w.end <= sound.duration for w in first.words(0))
    assert first.speech


def again(made, *, languages=("en",), known=None):
    known = {} if known is None else known
    return made.listen_again(recording(), AUTO, languages=languages, known=known)


def test_the_checker_listens_again_where_it_knows_the_language(make):
    main, checker = Ear([Said("main")]), Ear([Said("checker")], multilingual=False)
    made = make(main, checker=checker)
    assert again(made).text(0) == "checker" and main.asked == 0  # one language is taken for granted
    assert again(made, languages=("en", "de")).text(0) == "main" and main.asked == 1


def test_without_a_checker_the_last_model_listens(make):
    assert again(make(Ear([Said("main")]), second=Ear([Said("second")]))).text(0) == "second"
    assert again(make(Ear([Said("main")]))).text(0) == "main"


def test_what_did_not_change_is_not_listened_to_again(make):
    ear = Ear([Said("one"), Said("two")])
    made, known = make(ear, windows=((0.0, 1.0), (1.0, 2.0))), {}
    first = again(made, known=known)
    assert first.text(0) == "one two" and len(ear.encoded) == len(known) == 2
    assert again(made, known=known) == first and len(ear.encoded) == 2
    known.pop(next(iter(known)))
    ear._says.append(Said("three"))
    assert again(made, known=known).text(0) == "three two" and len(ear.encoded) == 3
