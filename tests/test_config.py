"""Policies: what is refused and how, what survives a round trip, and that every shipped key is explained."""

import dataclasses
import tomllib
import typing
from dataclasses import fields, is_dataclass, replace

import pytest

from redactor import config
from redactor.config import load_policy, policy_names
from redactor.config_text import to_toml
from redactor.entities import ENTITY_TYPES
from redactor.errors import PolicyError, UsageError
from redactor.files import shipped_dir
from redactor.policy import Policy

SHIPPED = ("payment-card", "standard", "strict", "voice-assistant")
MINIMAL = "[entities]\nPERSON = 0.5\n"


@pytest.fixture
def load(tmp_path):
    """Load a policy from text."""

    def load_text(text: str | bytes) -> Policy:
        path = tmp_path / "mine.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_policy(str(path))

    return load_text


# --- what is refused ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # unknown keys, at each depth
        ("nam = 'x'\n" + MINIMAL, r"unknown key 'nam' \(did you mean 'name'\?\)"),
        ("[entity]\nPERSON = 0.5", r"unknown key 'entity' \(did you mean 'entities'\?\)"),
        (MINIMAL + "[align]\npadding_befor_ms = 1", r"'align.padding_befor_ms' .*'padding_before_ms'"),
        (MINIMAL + "[align]\npadding_ms_before = 1", r"did you mean 'padding_before_ms'"),
        (MINIMAL + "[language]\ndetector = {en = 'x'}", r"'language.detector' .*'detectors'"),
        (MINIMAL + "[mute]\nfillings = 'tone'", r"'mute.fillings' .*'fill'"),
        (MINIMAL + "[align]\nfade_ms = 1", r"'align.fade_ms' \(it belongs into \[mute\]\)"),
        ("fill = 'tone'\n" + MINIMAL, r"unknown key 'fill' \(it belongs into \[mute\]\)"),
        (MINIMAL + "[unheard]\nxyzzy = 1", r"unknown key 'unheard.xyzzy'$"),
        # entity types
        ("[entities]\nPERSONS = 0.5", r"unknown entity type 'PERSONS' \(did you mean 'PERSON'\?\)"),
        ("[entities]\nperson = 0.5", r"unknown entity type 'person' \(did you mean 'PERSON'\?\)"),
        ("[entities]\nPHONE = 0.5", r"unknown entity type 'PHONE' \(did you mean 'PHONE_NUMBER'\?\)"),
        ("[entities]\nCREDITCARD = 0.5", r"did you mean 'CREDIT_CARD'"),
        ("[entities]\nPERSON = 0.5\nDATE_TIME = 0.5", "unknown entity type 'DATE_TIME'"),
        ("[entities]\nPERSON = 1.01", "entities.PERSON = 1.01 is outside 0 to 1"),
        ("[entities]\nPERSON = -0.1", "entities.PERSON = -0.1 is outside"),
        ("[entities]\nPERSON = nan", "entities.PERSON = nan is outside"),
        ("[entities]\nPERSON = true", "entities.PERSON must be a number, not True"),
        ("[entities]\nPERSON = '0.5'", "entities.PERSON must be a number, not '0.5'"),
        ("[entities]\nPERSON = {least = 0.5}", "entities.PERSON must be a number"),
        ("[entities]", r"\[entities\] is empty: nothing would be muted"),
        ("name = 'x'", r"\[entities\] is empty: nothing would be muted"),
        ("", r"\[entities\] is empty: nothing would be muted"),
        ("entities = ['PERSON']", r"\[entities\] must be a table"),
        # types
        ("name = 1\n" + MINIMAL, "name must be text, not 1"),
        ("align = 200\n" + MINIMAL, r"\[align\] must be a table"),
        (MINIMAL + "[align]\npadding_before_ms = '200'", "padding_before_ms must be a number, not '200'"),
        (MINIMAL + "[align]\npadding_before_ms = true", "padding_before_ms must be a number, not True"),
        (MINIMAL + "[transcribe]\nbeam_size = 5.0", "beam_size must be a whole number, not 5.0"),
        (MINIMAL + "[transcribe]\nbeam_size = true", "beam_size must be a whole number, not True"),
        (MINIMAL + "[output]\naudacity_labels = 1", "audacity_labels must be true or false, not 1"),
        (MINIMAL + "[output]\ntranscripts = 'json'", "output.transcripts must be a list"),
        (MINIMAL + "[language]\ndetectors = 'en'", r"\[language.detectors\] must be a table"),
        (MINIMAL + "[language.detectors]\nen = 1", "language.detectors.en must be text"),
        # choices
        (MINIMAL + "[mute]\nfill = 'beep'", "mute.fill = 'beep' is not one of 'silence', 'tone', 'noise'"),
        (MINIMAL + "[mute]\nfill = 'tones'", r"did you mean 'tone'"),
        (MINIMAL + "[mute]\nfill = false", "mute.fill = False is not one of"),
        (MINIMAL + "[align]\nchannels = 'al'", r"did you mean 'all'"),
        (MINIMAL + "[unheard]\naction = 'keep'", "'keep' is not one of 'mute', 'quarantine'"),
        (MINIMAL + "[unheard]\nempty = 'release'", "'release' is not one of 'quarantine', 'mute'"),
        (MINIMAL + "[output]\ntranscripts = ['srt']", "'srt' is not one of 'json', 'vtt', 'txt'"),
        # values
        (MINIMAL + "[align]\npadding_after_ms = inf", "align.padding_after_ms = inf is outside"),
        (MINIMAL + "[align]\npadding_after_ms = nan", "align.padding_after_ms = nan is outside"),
        (MINIMAL + f"[align]\npadding_after_ms = 1{'0' * 400}", "padding_after_ms must be a number"),
        (MINIMAL + "[mute]\ntone_hz = 4000", "mute.tone_hz = 4000.0 is outside 20.0 to 3900.0"),
        (MINIMAL + "[language.detectors]", r"\[language.detectors\] is empty"),
        (MINIMAL + "[language.detectors]\nenglish = 'x'", "'english' is not an ISO 639 language code"),
        (MINIMAL + "[language.detectors]\nauto = 'x'", "'auto' is not an ISO 639 language code"),
        (MINIMAL + "[language.detectors]\nen = ''", "need names of models"),
        (MINIMAL + "[transcribe]\nmodel = ''", "need names of models"),
        (MINIMAL + "[language]\nspoken = 'de'", r"'de' has no detector in \[language.detectors\]"),
        (MINIMAL + "[output]\ntranscripts = ['vtt', 'vtt']", "lists a format twice"),
        (MINIMAL + "[language.prompts]\nde = ['Grüezi']", r"\[language.prompts\] has 'de'"),
        (MINIMAL + "[language.prompts]\nen = 'Hello'", "language.prompts.en must be a list"),
        (MINIMAL + "[language.prompts]\nen = ['Hello', ' ']", "language.prompts.en must be up to 8 texts"),
        (MINIMAL + f"[language.prompts]\nen = ['{'x' * 401}']", "1 to 400 characters"),
        (MINIMAL + f"[language.prompts]\nen = {['Hello'] * 9}", "up to 8 texts"),
        # not TOML
        ("[entities\n", "mine.toml' is not valid TOML: .*line 1"),
        (MINIMAL + MINIMAL, "is not valid TOML"),
        (b"name = '\xff'", "is not valid TOML"),
        (MINIMAL + "[align]\npadding_after_ms = " + "9" * 5000, "is not valid TOML"),
    ],
)
def test_mistake_is_refused_with_what_would_be_right(load, text, message):
    with pytest.raises(PolicyError, match=message):
        load(text)


@pytest.mark.parametrize(("key", "low", "high"), config._RANGES)
def test_values_beyond_their_range_are_refused_and_bounds_are_not(load, key, low, high):
    section, name = key.split(".")
    for good in (low, high):
        assert getattr(getattr(load(f"{MINIMAL}[{section}]\n{name} = {good}"), section), name) == good
    step = 1 if isinstance(low, int) else 0.001
    for bad in (low - step, high + step):
        with pytest.raises(PolicyError, match=f"{key} = .* is outside"):
            load(f"{MINIMAL}[{section}]\n{name} = {bad}")


def test_every_number_has_a_range():
    ranged = {key for key, _, _ in config._RANGES}
    numbers = {
        f"{section}.{name}"
        for section, name, kind in every_key()
        if section not in ("", "entities") and kind in (int, float)
    }
    assert numbers == ranged


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("standart", r"no policy named 'standart' .did you mean 'standard'.*; shipped are payment-card, "),
        ("Strict", "did you mean 'strict'"),
        ("paymentcard", "did you mean 'payment-card'"),
        ("", "no policy named ''"),
        ("zzz", "no policy named 'zzz'; shipped are"),
        ("strct.toml", r"policy file 'strct.toml' does not exist .did you mean 'strict'.*go by name"),
        ("nowhere/standard.toml", "policy file 'nowhere/standard.toml' does not exist"),
        ("../standard", "policy file '../standard' does not exist"),
    ],
)
def test_missing_policy_is_refused_with_the_nearest(name, message):
    with pytest.raises(PolicyError, match=message):
        load_policy(name)


def test_folder_is_no_policy(tmp_path):
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(PolicyError, match="does not exist"):
        load_policy(str(tmp_path / "mine.toml"))


def test_policy_error_is_a_mistake_of_use_that_stops_the_run():
    assert issubclass(PolicyError, UsageError)
    assert PolicyError.exit_code == 2


# --- what is accepted ---


def test_whole_numbers_are_taken_for_numbers(load):
    policy = load("[entities]\nPERSON = 1\n[align]\npadding_before_ms = 300\n")
    assert (policy.entities["PERSON"], policy.align.padding_before_ms) == (1.0, 300.0)
    assert isinstance(policy.align.padding_before_ms, float)


def test_file_without_a_name_is_named_after_its_file(load):
    assert load(MINIMAL).name == "mine"


def test_own_file_wins_over_a_shipped_name_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "strict").write_text(MINIMAL)
    monkeypatch.chdir(tmp_path)
    assert list(load_policy("./strict").entities) == ["PERSON"]
    assert len(load_policy("strict").entities) > 1


def test_policy_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_policy("standard").name = "other"


# --- round trip and digest ---


@pytest.mark.parametrize("name", SHIPPED)
def test_policy_in_force_reads_back_equal(load, name):
    policy = load_policy(name)
    again = load(to_toml(policy))
    assert again == policy
    assert again.digest == policy.digest


@pytest.mark.parametrize("text", ['"quoted" \\ back', "tab\tline\nbell\x07", "del\x7f", "Grüße 😀", ""])
def test_text_of_any_kind_reads_back_equal(load, text):
    policy = replace(load_policy("standard"), description=text)
    assert load(to_toml(policy)) == policy


@pytest.mark.parametrize("number", [0.1 + 0.2, 1e-7, 9_999.999, 0.0])
def test_numbers_read_back_to_the_last_bit(load, number):
    policy = load_policy("standard")
    policy = replace(policy, align=replace(policy.align, merge_gap_ms=number))
    assert load(to_toml(policy)) == policy


def another(value):
    """A valid value that differs."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value / 2 if isinstance(value, float) and value else value + 1
        case str():
            return value + "x"
        case tuple():
            return value[:-1]
    return {**value, "UK_NINO": 0.123}


def every_key():
    """Section ("" at the top level), name and kind of each key of the dataclasses."""
    hints = typing.get_type_hints(Policy)
    for top in fields(Policy):
        if is_dataclass(hints[top.name]):
            inner = typing.get_type_hints(hints[top.name])
            for key in fields(hints[top.name]):
                yield top.name, key.name, inner[key.name]
        else:
            yield "", top.name, hints[top.name]


@pytest.mark.parametrize(("section", "name", "kind"), list(every_key()))
def test_digest_changes_with_each_value_but_not_with_what_is_for_people(section, name, kind):
    policy = load_policy("standard")
    if section:
        table = getattr(policy, section)
        changed = replace(policy, **{section: replace(table, **{name: another(getattr(table, name))})})
    else:
        changed = replace(policy, **{name: another(getattr(policy, name))})
    assert changed != policy
    assert (changed.digest == policy.digest) is (name in ("name", "description"))


def test_digest_changes_with_a_threshold_and_with_a_type():
    policy = load_policy("standard")
    fewer = {k: v for k, v in policy.entities.items() if k != "UK_NINO"}
    digests = {
        replace(policy, entities=entities).digest
        for entities in (policy.entities, fewer, {**policy.entities, "PERSON": 0.51})
    }
    assert len(digests) == 3


def test_digest_is_the_same_for_any_order_and_for_defaults_left_out(load):
    one = load("[mute]\nfade_ms = 5\nfill = 'tone'\n[entities]\nPERSON = 0.5\nLOCATION = 0.4\n")
    other = load(
        "description = 'the same'\n[entities]\nLOCATION = 0.4\nPERSON = 0.5\n"
        "[align]\nchannels = 'audible'\n[mute]\nfill = 'tone'\nfade_ms = 5.0\n"
    )
    assert one.digest == other.digest
    turned = dict(reversed(one.entities.items()))
    assert list(turned) != list(one.entities)
    assert replace(one, entities=turned).digest == one.digest


# --- what ships ---


def test_shipped_policies_are_these():
    assert tuple(policy_names()) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policy_is_named_and_described(name):
    policy = load_policy(name)
    assert policy.name == name
    assert policy.description


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_file_holds_every_key_under_a_comment(name):
    text = (shipped_dir() / "configs" / f"{name}.toml").read_text()
    missing = []
    for section, key, _ in every_key():
        if key in ("entities", "detectors", "taggers", "prompts"):  # tables; their keys are checked below
            continue
        if not commented(text, section, key):
            missing.append(f"{section}.{key}")
    raw = tomllib.loads(text)
    missing += [key for key in raw["entities"] if not commented(text, "entities", key)]
    for table in ("detectors", "taggers", "prompts"):
        missing += [k for k in raw["language"][table] if not commented(text, f"language.{table}", k)]
    assert not missing


@pytest.mark.parametrize("name", SHIPPED)
def test_comments_name_the_unit_of_every_quantity(name):
    text = (shipped_dir() / "configs" / f"{name}.toml").read_text()
    units = {"_ms": "(milliseconds)", "_hz": "(hertz)", "_dbfs": "(decibels"}
    for section, key, _ in every_key():
        for suffix, unit in units.items():
            if key.endswith(suffix):
                assert unit in commented(text, section, key), key


def commented(text: str, section: str, key: str) -> str:
    """The comment straight above a key of a section; empty if there is none, or no such key."""
    here, comment = "", []
    for line in text.splitlines():
        if line.startswith("#"):
            comment.append(line.removeprefix("# "))
            continue
        if line.startswith("["):
            here = line.strip("[]")
        elif here == section and line.split(" = ")[0] == key:
            return " ".join(comment)
        comment = []
    return ""


def test_standard_holds_the_defaults_of_every_key():
    standard = load_policy("standard")
    assert replace(standard, name="", description="", entities={}) == Policy(name="")


def test_strict_is_at_least_as_wide_as_each_other_policy():
    strict = load_policy("strict")
    assert set(strict.entities) == set(ENTITY_TYPES)
    for name in SHIPPED:
        other = load_policy(name)
        for entity_type, threshold in other.entities.items():
            assert strict.entities[entity_type] <= threshold
        assert strict.align.padding_before_ms >= other.align.padding_before_ms
        assert strict.align.padding_after_ms >= other.align.padding_after_ms
        assert strict.unheard.min_ms <= other.unheard.min_ms
        assert strict.unheard.padding_ms >= other.unheard.padding_ms
        assert strict.transcribe.vad_threshold <= other.transcribe.vad_threshold
        assert strict.language.min_probability >= other.language.min_probability


def test_payment_card_leaves_names_and_places():
    listed = set(load_policy("payment-card").entities)
    assert listed == {
        "CARD_EXPIRY",
        "CREDIT_CARD",
        "IBAN_CODE",
        "ID_NUMBER",
        "PIN_CODE",
        "US_BANK_NUMBER",
    }


def test_models_of_shipped_policies_are_in_the_registry():
    from redactor.model_registry import entries

    tasks = {entry.name: entry.task for entry in entries()}
    for name in SHIPPED:
        policy = load_policy(name)
        assert tasks[policy.transcribe.model] == "transcribe"
        assert {tasks[model] for model in policy.language.detectors.values()} == {"ner"}
        assert {tasks[model] for model in policy.language.taggers.values()} == {"tag"}


# Scores that presidio-analyzer gives, which the thresholds of standard are set by: an update that changes
# them asks for new thresholds.
@pytest.mark.parametrize(
    ("entity_type", "module", "scores"),
    [
        ("PHONE_NUMBER", "PhoneRecognizer", {0.4}),
        ("CREDIT_CARD", "CreditCardRecognizer", {0.3}),
        ("US_BANK_NUMBER", "UsBankRecognizer", {0.05}),
        ("US_SSN", "UsSsnRecognizer", {0.05, 0.5}),
        ("US_ITIN", "UsItinRecognizer", {0.05, 0.3, 0.5}),
        ("US_PASSPORT", "UsPassportRecognizer", {0.05, 0.1}),
        ("US_DRIVER_LICENSE", "UsLicenseRecognizer", {0.01, 0.3}),
        ("UK_NINO", "UkNinoRecognizer", {0.5}),
        ("EMAIL_ADDRESS", "EmailRecognizer", {0.5}),
        ("IBAN_CODE", "IbanRecognizer", {0.5}),
        ("MEDICAL_LICENSE", "MedicalLicenseRecognizer", {0.4}),
        ("CRYPTO", "CryptoRecognizer", {0.5}),
        ("MAC_ADDRESS", "MacAddressRecognizer", {0.6}),
        ("IP_ADDRESS", "IpRecognizer", {0.1, 0.6}),
    ],
)
def test_presidio_scores_are_those_the_thresholds_were_set_by(entity_type, module, scores):
    from presidio_analyzer import predefined_recognizers

    recognizer = getattr(predefined_recognizers, module)()
    assert recognizer.supported_entities == [entity_type]
    own = {recognizer.SCORE} if module == "PhoneRecognizer" else {p.score for p in recognizer.patterns}
    assert own == scores
    assert load_policy("strict").entities[entity_type] <= min(scores)
