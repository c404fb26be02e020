"""What a policy can say: every key with default and meaning; :mod:`redactor.config` reads and checks them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

AUTO_LANGUAGE = "auto"
# Said by nobody: unusual names of several languages, as they stand in talk. None of them is in the corpus that
# anything is measured on (tests/benchmarks/test_prompts.py).
PROMPTS = (
    "This is Saoirse Achterberg calling for Mr. Wojciechowski. I spoke to Gwendolyn Mbatha and Iñigo Quaye "
    "from Llanelli, near Poughkeepsie. My surname is Nkemelu-Abernathy.",
)


@dataclass(frozen=True)
class LanguagePolicy:
    """Which languages may be released.

    Attributes
    ----------
    spoken : str
        "auto": found for every recording and every long stretch of speech; or an ISO 639-1 code that is
        trusted and not checked.
    min_probability : float
        Least probability, summed over the languages of `detectors`, for a stretch to count as understood.
    identifier : str
        Multilingual Whisper model that tells languages apart when the one that transcribes knows only English.
    detectors : mapping of str to str
        spaCy model (a name in models/registry.toml) for each language that can be searched for personal data.
    taggers : mapping of str to str
        Model that reads whole conversations for personal data (a name in models/registry.toml), for languages
        that have a detector.
    prompts : mapping of str to tuple of str
        Sentences with names, for languages that have a detector. The model that transcribes is shown them and
        writes everything once more for each, names rather as names; what it finds so is searched as well.
    """

    spoken: str = AUTO_LANGUAGE
    min_probability: float = 0.2
    identifier: str = "base"
    detectors: Mapping[str, str] = field(default_factory=lambda: {"en": "en_core_web_sm"})
    taggers: Mapping[str, str] = field(default_factory=lambda: {"en": "spoken_pii_en"})
    prompts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"en": PROMPTS})


@dataclass(frozen=True)
class TranscribePolicy:
    """How recordings are transcribed.

    Attributes
    ----------
    model : str
        Whisper model when --model does not name one.
    second_opinion : str
        Whisper model that transcribes everything again, "" for none. What either hears is searched.
    beam_size : int
        Hypotheses kept by the decoder.
    second_best_ms : float
        Windows up to this long are searched in what a model holds for second most probable as well, of the
        `beam_size` texts that it weighs; 0 for none. In longer ones the two differ in one place of many.
    vad_threshold : float
        Speech probability from which the voice activity detector counts a frame as speech. Lower finds more.
    vad_padding_ms : float
        Audio added on both sides of what it found before it is transcribed.
    max_compression_ratio : float
        Text that compresses better than this is a repetition loop: its words do not count as heard.
    """

    model: str = "base-adapted"
    second_opinion: str = "tiny.en-adapted"
    beam_size: int = 5
    second_best_ms: float = 8_000.0
    vad_threshold: float = 0.35
    vad_padding_ms: float = 400.0
    max_compression_ratio: float = 2.4


@dataclass(frozen=True)
class AlignPolicy:
    """From words to stretches of audio.

    Attributes
    ----------
    padding_before_ms, padding_after_ms : float
        Muted beyond the first and last word of a finding.
    unsure_ms : float
        Added to the padding where no other model has a word border near.
    pause_ms : float
        Muted at most of a pause beside it, in place of the padding.
    valley_ms : float
        An edge without a pause moves to the weakest moment within this of it.
    merge_gap_ms : float
        Spans nearer to each other than this become one.
    channels : {"all", "audible", "own"}
        "all" mutes every channel, since one side's digits are audible on the other; "audible" leaves another
        channel where its own speech covers whatever may be heard there (:mod:`redactor.crosstalk`); "own" mutes
        only the channel on which the words were found.
    """

    padding_before_ms: float = 50.0
    padding_after_ms: float = 50.0
    unsure_ms: float = 50.0
    pause_ms: float = 250.0
    valley_ms: float = 50.0
    merge_gap_ms: float = 300.0
    channels: Literal["all", "audible", "own"] = "audible"


@dataclass(frozen=True)
class UnheardPolicy:
    """Speech that became no words.

    Attributes
    ----------
    action : {"mute", "quarantine"}
        What is done with speech that no word covers.
    min_ms : float
        Shorter stretches (a breath, a click) stay.
    one_model_ms : float
        Speech that only one of two models made words of, and in which something was found, is muted whole from
        this length on; 0 for never.
    padding_ms : float
        Muted around such a stretch.
    empty : {"quarantine", "mute"}
        What is done with a recording in which neither words nor speech were found: held back, or released
        with every sample muted.
    min_recording_ms : float
        Shorter recordings are held back: no recognizer can be trusted on them.
    """

    action: Literal["mute", "quarantine"] = "mute"
    min_ms: float = 250.0
    one_model_ms: float = 800.0
    padding_ms: float = 50.0
    empty: Literal["quarantine", "mute"] = "quarantine"
    min_recording_ms: float = 200.0


@dataclass(frozen=True)
class DenyPolicy:
    """Whether only what is known to be harmless is heard.

    Attributes
    ----------
    enabled : bool
        Everything else is muted. Needs a second opinion: a word stays only if both models heard it.
    vocabulary : int
        So many of the most frequent English words can be harmless.
    min_words : int
        Fewer such words in a row do not stay.
    suspicion : float
        From this probability of being personal on, as the tagger gives it, a word is not harmless.
    """

    enabled: bool = False
    vocabulary: int = 40_000
    min_words: int = 1
    suspicion: float = 0.01


@dataclass(frozen=True)
class MutePolicy:
    """What stands in the place of what was said.

    Attributes
    ----------
    fill : {"silence", "tone", "noise"}
        Noise has the recording's own background spectrum and level.
    fade_ms : float
        Raised-cosine fade on both sides, outside the span.
    tone_hz, tone_dbfs : float
        Frequency and level of the tone.
    """

    fill: Literal["silence", "tone", "noise"] = "silence"
    fade_ms: float = 10.0
    tone_hz: float = 1000.0
    tone_dbfs: float = -20.0


@dataclass(frozen=True)
class VerifyPolicy:
    """The independent check of the finished file.

    That nothing of the original is left in what is muted, and that no text says more than can be heard, is
    checked of every recording.

    Attributes
    ----------
    share : float
        Of the recordings, how many are also transcribed again and searched from scratch, 0 to 1. The rest are
        marked unchecked.
    seed : int
        Draws them, together with their names.
    model : str
        Whisper model that listens; "" for the one that transcribes.
    suspicion : float
        From this probability of being personal on, as the tagger gives it, a word that is heard again in the
        first round is muted; or from the threshold of its type, if that is less.
    max_rounds : int
        What is found is muted and the new file checked again, so many times; then the recording is held back.
    padding_ms : float
        Muted on both sides of what is found, beyond what [align] says; four times as much for each earlier
        round that had muted something right beside it.
    """

    share: float = 1.0
    seed: int = 1
    model: str = "tiny.en-adapted"
    suspicion: float = 1.0
    max_rounds: int = 12
    padding_ms: float = 50.0


@dataclass(frozen=True)
class OutputPolicy:
    """Which text files are written.

    Attributes
    ----------
    transcripts : tuple of {"json", "vtt", "txt"}
        JSON holds the times of every kept word.
    audacity_labels : bool
        Also write the muted spans as an Audacity label track beside the report.
    """

    transcripts: tuple[Literal["json", "vtt", "txt"], ...] = ("json", "vtt", "txt")
    audacity_labels: bool = False


@dataclass(frozen=True)
class Policy:
    """Everything a run decides by; see the attributes' own classes.

    Attributes
    ----------
    name, description : str
        For people and for the manifest.
    entities : mapping of str to float
        Entity types that are muted, each with the least detector score (0..1) that counts, itself included.
    """

    name: str
    description: str = ""
    language: LanguagePolicy = field(default_factory=LanguagePolicy)
    transcribe: TranscribePolicy = field(default_factory=TranscribePolicy)
    entities: Mapping[str, float] = field(default_factory=dict)
    align: AlignPolicy = field(default_factory=AlignPolicy)
    unheard: UnheardPolicy = field(default_factory=UnheardPolicy)
    deny: DenyPolicy = field(default_factory=DenyPolicy)
    mute: MutePolicy = field(default_factory=MutePolicy)
    verify: VerifyPolicy = field(default_factory=VerifyPolicy)
    output: OutputPolicy = field(default_factory=OutputPolicy)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is in force, defaults included; name and description are left out."""
        in_force = {k: v for k, v in asdict(self).items() if k not in ("name", "description")}
        canonical = json.dumps(in_force, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
