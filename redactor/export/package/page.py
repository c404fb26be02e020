"""index.html: one file that plays and searches a package offline, from wherever it was unpacked to.

What stands in a transcript is data there: it reaches the page as JSON in which nothing can end the script
element, and the script puts it into the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from redactor.errors import StoreError
from redactor.export.entries import Manifest, ManifestLine
from redactor.export.package.layout import CERTIFICATE, PAGE, README, folders, in_order, is_of_recording
from redactor.export.package.pagetexts import TEXTS
from redactor.export.package.tarstream import Member, checked

if TYPE_CHECKING:
    from redactor.export.package.members import Enclosed

_SHOWN = ("transcript.txt", "transcript.vtt", "transcript.json", "report.json")
_TIMES = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d))?")


def page_member(manifest: Manifest, content: Sequence[Member], enclosed: Enclosed) -> Member:
    """The page as a member; made twice, once for its digest, and never held as a whole.

    Parameters
    ----------
    content : sequence of Member
        Everything else that the package holds.

    Raises
    ------
    StoreError
        If a transcript is not what the manifest says, or is not one.
    """

    def chunks() -> Iterator[bytes]:
        return _chunks(manifest, {member.path: member for member in content}, enclosed)

    digest, size = hashlib.sha256(), 0
    for chunk in chunks():
        digest.update(chunk)
        size += len(chunk)
    return Member(PAGE, digest.hexdigest(), size, chunks)


def script_json(value: Any) -> str:
    """JSON that can stand in a script element: ASCII, and nothing in it that HTML would read as markup."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _chunks(manifest: Manifest, content: Mapping[str, Member], enclosed: Enclosed) -> Iterator[bytes]:
    of = folders(manifest)
    audio = {path.rpartition("/")[0]: path for path in content if "/audio." in path}
    yield _head(manifest, content, enclosed).encode()
    for number, line in enumerate(in_order(manifest), start=1):
        folder = of[line.name]
        texts = [name for name in _SHOWN if f"{folder}/{name}" in content]
        yield _card(line, number, folder, audio.get(folder), texts).encode()
        if (transcript := content.get(f"{folder}/transcript.json")) is not None:
            data = script_json(_lines(transcript))
            yield f'<script type="application/json" id="t{_id(folder)}">{data}</script>\n'.encode()
    yield (
        "</section></main>\n"
        f'<script type="application/json" id="texts">{script_json(TEXTS)}</script>\n'
        f"<script>{_web('page.js')}</script>\n</body></html>\n"
    ).encode()


def _lines(transcript: Member) -> list[list[Any]]:
    """Start, end, channel (none if there is one only) and text of what was said."""
    data = b"".join(
        checked(transcript.chunks(), path=transcript.path, sha256=transcript.sha256, size=transcript.size)
    )
    try:
        document = json.loads(data)
        one = document["channels"] == 1
        return [
            [float(s["start"]), float(s["end"]), None if one else int(s["channel"]), str(s["text"])]
            for s in document["segments"]
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StoreError(f"{transcript.path} in the package is no transcript; plan the export again") from None


def _head(manifest: Manifest, content: Mapping[str, Member], enclosed: Enclosed) -> str:
    script, style = _web("page.js"), _web("page.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; media-src 'self' "
        "file:; base-uri 'none'; form-action 'none'"
    )
    top = [path for path in content if not is_of_recording(path) and path != README]
    documents = [README, *sorted(path for path in top if path == CERTIFICATE or path in enclosed.extra)]
    links = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for path in documents)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(TEXTS["en"]["title"])}</title>
<style>{style}</style></head>
<body>
<a class="skip" href="#main" data-text="skip">{escape(TEXTS["en"]["skip"])}</a>
<header>
<h1 data-text="title">{escape(TEXTS["en"]["title"])}</h1>
<p>{escape(enclosed.sender.organisation)}</p>
{_said("about", count=len(manifest.lines), day=enclosed.sealed_at[:10], request=manifest.request)}
<p><button type="button" id="language" lang="de" hidden data-needs-script>Deutsch</button></p>
</header>
<main id="main" tabindex="-1">
<p class="card" data-without-script>{escape(TEXTS["en"]["noscript"])}</p>
{_said("voice")}
<nav data-label="documents" aria-label="{escape(TEXTS["en"]["documents"])}"><ul>{links}</ul></nav>
<form id="search" role="search" hidden data-needs-script>
<label for="words" data-text="search">{escape(TEXTS["en"]["search"])}</label>
<input id="words" type="search" autocomplete="off" spellcheck="false">
<button class="main" data-text="go">{escape(TEXTS["en"]["go"])}</button>
</form>
<p id="status" role="status"></p>
<section id="found" hidden aria-labelledby="found-title">
<h2 id="found-title" data-text="found">{escape(TEXTS["en"]["found"])}</h2>
<ol id="hits"></ol></section>
<section aria-labelledby="all-title">
<h2 id="all-title" data-text="recordings">{escape(TEXTS["en"]["recordings"])}</h2>
"""


def _card(line: ManifestLine, number: int, folder: str, audio: str | None, texts: Sequence[str]) -> str:
    when = _when(line.recorded_at)
    minutes = f"{int(line.duration) // 60}:{int(line.duration) % 60:02}"
    pieces = [
        f'<article class="card" data-recording="{_id(folder)}">',
        f'<h3 data-text="recording" data-number="{number}" data-when="{when}">'
        f"{escape(_en('recording', number=number, when=when))}</h3>",
        _said("length", minutes=minutes),
    ]
    if audio is not None:
        pieces.append(
            f'<audio id="a{_id(folder)}" controls preload="none" src="{audio}" data-label="sound" '
            f'data-number="{number}" aria-label="{escape(_en("sound", number=number))}"></audio>'
            f'<p class="unplayable" hidden data-text="unplayable">{escape(TEXTS["en"]["unplayable"])}</p>'
        )
    if "transcript.json" in texts:
        pieces.append(
            f'<details hidden data-needs-script><summary data-text="transcript">'
            f'{escape(TEXTS["en"]["transcript"])}</summary><ol class="lines"></ol></details>'
        )
    names = [*([audio.rpartition("/")[2]] if audio else []), *texts]
    links = "".join(f'<a href="{folder}/{name}">{name}</a>' for name in names)
    return "\n".join([*pieces, f'<p class="links">{links}</p></article>\n'])


def _said(key: str, **values: object) -> str:
    data = "".join(f' data-{name}="{escape(str(value))}"' for name, value in values.items())
    return f'<p class="soft" data-text="{key}"{data}>{escape(_en(key, **values))}</p>'


def _en(key: str, **values: object) -> str:
    return TEXTS["en"][key].format(**values)


def _id(folder: str) -> str:
    return folder.rpartition("/")[2]


def _when(recorded_at: str | None) -> str:
    """A day and a time as people read them; nothing else of what the catalog said."""
    found = _TIMES.match(recorded_at or "")
    return "" if found is None else f", {' '.join(part for part in found.groups() if part)}"


@cache
def _web(name: str) -> str:
    return resources.files("redactor.export.package").joinpath(f"web/{name}").read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
