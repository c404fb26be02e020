"""What the recognizer makes of what Whisper says: a stand-in Whisper, and one real small model."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from redactor.audio.decode import decode
from redactor.errors import LanguageError, ModelError
from redactor.invariants import check_transcript
from redactor.model_registry import resolve
from redactor.policy import LanguagePolicy, Policy
from redactor.transcribe import Recognizer, choose_device, recognizer
from redactor.types import Audio, AudioFormat, SpeechRegion

RATE = 16_000
CPU = choose_device("cpu")
AUTO = Policy("test", entities={"PERSON": 0.5})
ENGLISH = replace(AUTO, language=LanguagePolicy(spoken="en"))
TWO_LANGUAGES = replace(AUTO, language=LanguagePolicy(detectors={"en": "a", "de": "b"}))
GERMAN = replace(AUTO, language=LanguagePolicy(spoken="de", detectors={"de": "b"}))


BIAS = {"start_bias_ms": 100, "end_bias_ms": -50}


def files(name, start_bias_ms=0, end_bias_ms=0):
    """A model that needs no correction of times, or one that does."""
    calibration = {"start_bias_ms": start_bias_ms, "end_bias_ms": end_bias_ms}
    return SimpleNamespace(name=name, calibration=calibration)


def raw(*words, compression_ratio=1.0, start=None, end=None):
    """A segment as faster-whisper gives it; words are (text with its space, start, end)."""
    made = [SimpleNamespace(word=text, start=a, end=b, probability=0.9) for text, a, b in words]
    return SimpleNamespace(
        start=words[0][1] if start is None else start,
        end=words[-1][2] if end is None else end,
        words=made,
        avg_logprob=-0.2,
        no_speech_prob=0.0,
        compression_ratio=compression_ratio,
    )


@dataclass
class Whisper:
    """Stands in for faster_whisper.WhisperModel."""

    says: list
    multilingual: bool = True
    language: str = "en"

    def __post_init__(self):
        self.model = SimpleNamespace(is_multilingual=self.multilingual)
        self.heard = []  # (number of samples, language) of every call
        self.options = []

    def transcribe(self, samples, *, language, **options):
        self.heard.append((len(samples), language))
        self.options.append(options)
        return iter(self.says), None

    def detect_language(self, samples):
        return self.language, 0.9, [(self.language, 0.9), ("fr", 0.1)]


@pytest.fixture
def make(monkeypatch):
    """A recognizer over stand-ins; `regions` is where there is speech."""

    def build(whisper, *, second=None, identifier=None, regions=((0.0, 2.0),), loud=()):
        models = {"model": whisper, "second": second, "identifier": identifier}
        monkeypatch.setattr(recognizer, "_load", lambda model, *_: models[model.name])
        monkeypatch.setattr(recognizer, "speech_regions", lambda samples, threshold: list(regions))
        monkeypatch.setattr(recognizer, "loud_regions", lambda samples: list(loud))
        return Recognizer(
            files("model"),
            second=files("second", **BIAS) if second else None,
            identifier=files("identifier") if identifier else None,
            device=CPU,
        )

    return build


def audio(*, duration=2.0, channels=1):
    """Another sound on every channel."""
    samples = np.arange(round(duration * RATE) * channels, dtype=np.int16).reshape(-1, channels)
    return Audio(np.ascontiguousarray(samples), RATE, AudioFormat("WAV", "PCM_16"))


def words_of(transcript, channel=0):
    return [(w.text, w.start, w.end) for w in transcript.words(channel)]


def test_words_come_back_stripped_with_their_times(make):
    whisper = Whisper([raw((" hello", 0.1, 0.5), (" Ada", 0.5, 0.900004))])
    heard = make(whisper).transcribe(audio(), ENGLISH)
    assert words_of(heard) == [("hello", 0.1, 0.5), ("Ada", 0.5, 0.9)]
    assert heard.text(0) == "hello Ada"
    assert heard.speech == (SpeechRegion(0, 0.0, 2.0),)
    assert heard.duration == 2.0
    check_transcript(heard, audio())


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
    heard = make(Whisper([raw((" And", 0, 0)), raw(*timed)])).transcribe(audio(), ENGLISH)
    assert heard.text(0) == f"And {text}"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([(" in", 1.0, 1.5), (" over", 1.8, 2.6)], [("in", 1.0, 1.5), ("over", 1.8, 2.0)]),
        ([(" in", 1.0, 1.5), (" past", 2.0, 2.4), (" far", 29.0, 30.0)], [("in", 1.0, 1.5)]),
        ([(" past", 2.3, 2.6)], []),
    ],
)
def test_what_lies_past_the_end_is_no_word(make, said, kept):
    heard = make(Whisper([raw(*said)])).transcribe(audio(), ENGLISH)
    assert words_of(heard) == kept
    assert heard.speech == (SpeechRegion(0, 0.0, 2.0),)
    check_transcript(heard, audio())


@pytest.mark.parametrize("times", [(math.nan, 0.5), (0.5, math.nan), (0.9, 0.2)])
def test_nonsense_is_left_for_the_check_to_find(make, times):
    heard = make(Whisper([raw((" hello", *times), start=0.1, end=0.6)])).transcribe(audio(), ENGLISH)
    with pytest.raises(Exception, match="times that cannot be"):
        check_transcript(heard, audio())


@pytest.mark.parametrize("ratio", [2.41, 30.0, math.nan])
def test_a_repetition_loop_is_speech_without_words(make, ratio):
    loop = raw((" you", 0.6, 0.8), (" you", 0.8, 1.1), compression_ratio=ratio)
    whisper = Whisper([raw((" hello", 0.1, 0.5)), loop])
    heard = make(whisper, regions=[(0.0, 0.5)]).transcribe(audio(), ENGLISH)
    assert words_of(heard) == [("hello", 0.1, 0.5)]
    assert heard.speech == (SpeechRegion(0, 0.0, 0.5), SpeechRegion(0, 0.6, 1.1))


def test_text_that_compresses_as_far_as_the_limit_is_no_loop(make):
    heard = make(Whisper([raw((" hello", 0.1, 0.5), compression_ratio=2.4)])).transcribe(audio(), ENGLISH)
    assert words_of(heard) == [("hello", 0.1, 0.5)]


def test_without_speech_nothing_is_transcribed(make):
    whisper = Whisper([raw((" Thanks for watching", 0.0, 1.0))])
    heard = make(whisper, regions=[]).transcribe(audio(), AUTO)
    assert (heard.segments, heard.speech, whisper.heard) == ((), (), [])


def test_equal_channels_are_heard_once(make):
    whisper = Whisper([raw((" hello", 0.1, 0.5)), raw((" a", 1, 1.2), compression_ratio=9)])
    sound = audio()
    twice = replace(sound, samples=np.repeat(sound.samples, 2, axis=1))
    heard = make(whisper).transcribe(twice, ENGLISH)
    assert len(whisper.heard) == 1
    assert words_of(heard, 0) == words_of(heard, 1) == [("hello", 0.1, 0.5)]
    assert [(r.start, r.end) for r in heard.speech if r.channel == 0] == [
        (r.start, r.end) for r in heard.speech if r.channel == 1
    ]
    assert len(heard.speech) == 4


def test_different_channels_are_heard_apart(make):
    whisper = Whisper([raw((" hello", 0.1, 0.5))])
    heard = make(whisper).transcribe(audio(channels=2), ENGLISH)
    assert len(whisper.heard) == 2
    assert [s.channel for s in heard.segments] == [0, 1]


def test_a_stretch_is_heard_with_half_a_second_around_it_and_keeps_its_place(make):
    whisper = Whisper([raw((" hello", 0.5, 1.0))])
    heard = make(whisper, regions=[(3.0, 4.0)]).transcribe(audio(duration=10.0), ENGLISH)
    assert whisper.heard == [(2 * RATE, "en")]
    assert words_of(heard) == [("hello", 3.0, 3.5)]


def test_nothing_is_drawn_at_random(make):
    whisper = Whisper([])
    make(whisper).transcribe(audio(), ENGLISH)
    (options,) = whisper.options
    assert options["temperature"] == [0.0]
    assert options["condition_on_previous_text"] is False
    assert options["word_timestamps"] is True


def test_the_language_that_was_found_is_used_and_kept(make):
    whisper = Whisper([raw((" hallo", 0.1, 0.5))], language="de")
    heard = make(whisper).transcribe(audio(), TWO_LANGUAGES)
    assert whisper.heard[0][1] == "de"
    assert heard.segments[0].language == "de"


def test_a_language_without_a_detector_is_refused_before_it_is_transcribed(make):
    whisper = Whisper([raw((" bonjour", 0.1, 0.5))], language="fr")
    with pytest.raises(LanguageError):
        make(whisper).transcribe(audio(), AUTO)
    assert whisper.heard == []


def test_an_english_model_asks_another_for_the_language(make):
    english = Whisper([raw((" hello", 0.1, 0.5))], multilingual=False, language="xx")
    heard = make(english, identifier=Whisper([], language="en")).transcribe(audio(), AUTO)
    assert words_of(heard) == [("hello", 0.1, 0.5)]
    with pytest.raises(LanguageError):
        make(english, identifier=Whisper([], language="fr")).transcribe(audio(), AUTO)


@pytest.mark.parametrize("policy", [TWO_LANGUAGES, GERMAN], ids=["found", "given"])
def test_an_english_model_is_not_given_another_language_to_write_as_english(make, policy):
    english = Whisper([raw((" hello", 0.1, 0.5))], multilingual=False)
    with pytest.raises(LanguageError, match="knows only English"):
        make(english, identifier=Whisper([], language="de")).transcribe(audio(), policy)
    assert english.heard == []


def test_an_english_model_alone_does_not_guess(make):
    with pytest.raises(ModelError, match=r"language\.identifier is not loaded"):
        make(Whisper([], multilingual=False)).transcribe(audio(), AUTO)


def test_an_english_model_needs_no_other_where_english_is_trusted(make):
    english = Whisper([raw((" hello", 0.1, 0.5))], multilingual=False)
    assert words_of(make(english).transcribe(audio(), ENGLISH)) == [("hello", 0.1, 0.5)]


def test_a_model_that_cannot_be_loaded_is_named(tmp_path):
    broken = SimpleNamespace(name="mine", path=tmp_path)
    with pytest.raises(ModelError, match="model 'mine' cannot be loaded on cpu as int8"):
        Recognizer(broken, device=CPU)


@pytest.mark.model
def test_the_real_model_hears_an_order_twice_alike():
    model = resolve("tiny.en", task="transcribe")
    sound = decode(Path(__file__).parents[2] / "examples" / "coffee_order.flac").audio
    first, second = (Recognizer(model, device=CPU).transcribe(sound, ENGLISH) for _ in range(2))
    assert first == second
    check_transcript(first, sound)
    assert "cappuccino" in first.text(0).lower()
    assert len(list(first.words(0))) > 5
    assert all(0 <= w.start <= w.end <= sound.duration for w in first.words(0))
    assert first.speech


def test_a_second_model_hears_everything_again_and_its_own_times_are_put_right(make):
    first, second = Whisper([raw((" hello", 0.1, 0.5))]), Whisper([raw((" hollow", 0.3, 0.6))])
    heard = make(first, second=second).transcribe(audio(channels=2), ENGLISH)
    (other,) = heard.others
    assert words_of(heard) == words_of(heard, 1) == [("hello", 0.1, 0.5)]
    assert words_of(other) == words_of(other, 1) == [("hollow", 0.2, 0.65)]
    assert first.heard == second.heard


def test_a_second_model_that_knows_only_english_is_not_asked_about_another_language(make):
    second = Whisper([raw((" hollow", 0.3, 0.6))], multilingual=False)
    heard = make(Whisper([raw((" hallo", 0.1, 0.5))]), second=second).transcribe(audio(), GERMAN)
    assert words_of(heard) == [("hallo", 0.1, 0.5)]
    assert words_of(heard.others[0]) == []
    assert second.heard == []


def test_what_is_loud_counts_as_speech_on_every_channel_once_somebody_speaks(make):
    heard = make(Whisper([raw((" hello", 0.1, 0.5))]), loud=[(1.5, 1.9)], regions=[(0.0, 0.5)])
    speech = heard.transcribe(audio(channels=2), ENGLISH).speech
    assert {SpeechRegion(0, 1.5, 1.9), SpeechRegion(1, 1.5, 1.9)} <= set(speech)


def test_what_is_loud_where_nobody_speaks_is_no_speech(make):
    heard = make(Whisper([]), loud=[(1.5, 1.9)], regions=[]).transcribe(audio(), ENGLISH)
    assert heard.speech == ()


def test_text_that_cannot_have_been_said_is_speech_without_words(make):
    words = [(f" w{i % 3}", i * 0.1, (i + 1) * 0.1) for i in range(12)]
    heard = make(Whisper([raw(*words)]), regions=[(0.2, 0.5)]).transcribe(audio(), ENGLISH)
    assert words_of(heard) == []
    assert heard.speech == (SpeechRegion(0, 0.0, 1.2), SpeechRegion(0, 0.2, 0.5))
