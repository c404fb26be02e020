"""The page as text: nothing that was said can get out of its place; and README.txt."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from export_package_helpers import SENDER, make_case, recording, transcript
from hypothesis import given
from hypothesis import strategies as st

from redactor.entities import ENTITY_TYPES
from redactor.errors import StoreError, UsageError
from redactor.export.entries import Purpose
from redactor.export.package.document import Part
from redactor.export.package.page import script_json
from redactor.export.package.pagetexts import TEXTS
from redactor.export.package.readme import Facts, Sender, how_to_open, readme
from redactor.export.package.readme_de import MEANINGS_DE

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "]]> <img src=x onerror=alert(1)>",
    "\u2028\u2029 ' \" ` ${1} \\u003c/script>",
    "&lt;/script&gt; &amp;",
]


@pytest.fixture
def case(tmp_path):
    return make_case(tmp_path)


def text_of(case, path, **changes):
    return next(b"".join(m.chunks()).decode() for m in case.members(**changes) if m.path == path)


class Elements(HTMLParser):
    """Every element with its attributes, and what stands in scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.scripts, self._in = [], {}, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._in = dict(attrs).get("id", tag)

    def handle_endtag(self, tag):
        self._in = None

    def handle_data(self, data):
        if self._in:
            self.scripts[self._in] = self.scripts.get(self._in, "") + data


def test_hostile_transcripts_stay_data(case):
    calm = Elements(text_of(case, "index.html"))
    lines = [(float(n), n + 1.0, 0, text) for n, text in enumerate(HOSTILE)]
    hostile = recording(case.release, "aa01", *lines)
    case.manifest = replace(case.manifest, lines=(hostile, case.manifest.lines[1]))
    page = Elements(text_of(case, "index.html"))
    assert page.tags == calm.tags
    assert [line[3] for line in json.loads(page.scripts["t0001"])] == HOSTILE


@given(st.text(alphabet=st.sampled_from("<>&/!-script\"'\\\u2028]é") | st.characters(codec="utf-8")))
def test_nothing_in_json_ends_its_element(text):
    written = script_json({"text": text})
    assert not set("<>&") & set(written)
    assert written.isascii()
    assert json.loads(written) == {"text": text}


def test_hostile_values_of_the_manifest_and_the_sender_are_text(case):
    case.manifest = replace(
        case.manifest,
        request='"><script>x</script>',
        lines=(replace(case.manifest.lines[0], recorded_at='2026-01-02"><b>'),),
    )
    page = text_of(case, "index.html", sender=Sender("<b>Bank</b>", "<i>"), approvals=())
    tags = [tag for tag, _ in Elements(page).tags]
    assert "b" not in tags
    assert tags.count("script") == 3  # a transcript, the texts, the script
    assert "2026-01-02" in page


def test_the_policy_allows_the_two_inline_pieces_and_nothing_else(case):
    page = text_of(case, "index.html")
    found = Elements(page)
    [policy] = [a["content"] for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for name in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(found.scripts[name].encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "connect-src" not in rules
    assert not re.search(r"https?:|//[a-z]|\bon[a-z]+=|style=|javascript:|innerHTML|eval\(", page)


def test_every_link_is_to_a_file_of_the_package(case):
    members = case.members(certificate=b"<p>", extra={"certificate.json": b"{}"})
    page = Elements(next(b"".join(m.chunks()).decode() for m in members if m.path == "index.html"))
    links = {a[k] for _, a in page.tags for k in ("href", "src") if k in a} - {"#main"}
    not_for_people = {"manifest.json", "signatures.json", "audit-head.json", "index.html"}
    assert links == {m.path for m in members} - not_for_people


def test_transcripts_alone_have_no_player(case):
    lines = tuple(replace(line, files=line.files[1:]) for line in case.manifest.lines)
    case.manifest = replace(case.manifest, lines=lines)
    tags = [tag for tag, _ in Elements(text_of(case, "index.html")).tags]
    assert "audio" not in tags
    assert tags.count("details") == 2
    assert "transcripts alone, without sound" in text_of(case, "README.txt")


@pytest.mark.parametrize("data", [b"", b"[]", b'{"channels": 1}', b"\xff", transcript((0, 1, 0, "x"))[:-4]])
def test_a_transcript_that_is_none_stops_it(case, data):
    line = recording(case.release, "aa01")
    file = case.release / "transcripts/aa/aa01.json"
    file.write_bytes(data)
    row = (line.files[1][0], hashlib.sha256(data).hexdigest(), len(data))
    case.manifest = replace(case.manifest, lines=(replace(line, files=(line.files[0], row)),))
    with pytest.raises(StoreError, match="is no transcript"):
        case.members()


def test_both_languages_of_the_page_say_the_same_things():
    assert TEXTS["en"].keys() - TEXTS["de"].keys() == {"noscript"}  # it takes a script to change to German
    for key, text in TEXTS["de"].items():
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", TEXTS["en"][key]), key


FACTS = Facts(
    SENDER,
    Purpose.SUBJECT_ACCESS,
    request="req-7",
    num_recordings=2,
    duration=300.0,
    num_left_out=1,
    sealed_on="2026-03-04",
    deadline="2026-04-01",
    has_audio=True,
    has_certificate=True,
    is_canary=False,
    keeps_own=False,
)


def flat(**changes):
    return re.sub(r"\s+", " ", readme(replace(FACTS, **changes)))


def test_the_readme_explains_every_placeholder_in_both_languages():
    assert MEANINGS_DE.keys() == ENTITY_TYPES.keys()
    text = flat()
    for meanings in (ENTITY_TYPES, MEANINGS_DE):
        for name, meaning in meanings.items():
            assert f"<{name}> {meaning}" in text


@pytest.mark.parametrize("purpose", Purpose)
def test_the_readme_says_what_has_to_be_said_whatever_the_purpose(purpose):
    text = flat(purpose=purpose)
    for part in (
        "A voice remains personal data", "Eine Stimme bleibt ein personenbezogenes Datum", "req-7",
        "privacy@example.org", "Example Bank", "index.html", "export verify", "Article 77", "Artikel 77",
        "about 5 min", "etwa 5 Min.", "Left out: 1", "Nicht enthalten: 1", "certificate.html",
        "<MUTED>", "delete it", "löschen Sie es",
    ):  # fmt: skip
        assert part in text, part


def test_the_readme_varies_with_purpose_and_part():
    own = flat()
    for part in (
        "Article 15", "Artikel 15", "one month", "eines Monats", "2026-04-01", "Article 12(3)", "Berlin Comm",
    ):  # fmt: skip
        assert part in own, part
    research = flat(purpose=Purpose.RESEARCH)
    assert "one month" not in research
    assert "for research" in research
    assert "für die Forschung" in research
    assert "72 hours" in research
    assert len({flat(purpose=purpose) for purpose in Purpose}) == 4
    assert "first, small part" in flat(is_canary=True)
    assert "erster, kleiner Teil" in flat(is_canary=True)
    assert "first, small part" not in own
    assert "Personal data of other people" in flat(keeps_own=True)
    assert "Personal data of other people" not in own
    assert "where you live or work" in flat(sender=replace(SENDER, authority=None))
    assert "Left out" not in flat(num_left_out=0)
    assert "In your case" not in flat(deadline=None)


def test_lines_of_the_readme_fit_a_small_window():
    assert max(len(line) for line in readme(FACTS).splitlines()) <= 76


def test_a_canary_says_so_in_the_package(case):
    assert "first, small part" in text_of(case, "README.txt", part=Part.CANARY, approved="0" * 64)


@pytest.mark.parametrize("text", ["", " ", "two\nlines", "x" * 501, "\x1b[0m", None])
def test_a_sender_is_one_line_for_a_person(text):
    with pytest.raises(UsageError, match="one line of at most"):
        Sender("Bank", text)


def test_how_to_open_it_is_told_in_both_languages():
    text = how_to_open("p.age")
    assert text.count("age -d -i YOURS p.age | age -d -i INNER | tar -x") == 2
    assert text.count("redactor export open p.age --identity YOURS --inner INNER --to FOLDER") == 2
    assert "nicht öffnen" in text
