"""README.txt for the person who opens a package, in plain English and German; by purpose."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from redactor.entities import ENTITY_TYPES
from redactor.errors import UsageError
from redactor.export.entries import Purpose
from redactor.export.package.readme_de import MEANINGS_DE, paragraphs_de
from redactor.export.package.readme_en import paragraphs_en
from redactor.types import Seconds

_WIDTH = 76
_MAX_TEXT = 500
Section = tuple[str, list[str]]


@dataclass(frozen=True)
class Sender:
    """Who sends a package and who answers questions about it; printed as it is.

    Attributes
    ----------
    organisation : str
    contact : str
        Of the person or office to ask: address, mail or telephone.
    authority : str, optional
        The supervisory authority that complaints about this organisation go to.

    Raises
    ------
    UsageError
        If a text is empty, too long, or has characters that do not print.
    """

    organisation: str
    contact: str
    authority: str | None = None

    def __post_init__(self) -> None:
        for name in ("organisation", "contact", "authority"):
            text = getattr(self, name)
            if text is None and name == "authority":
                continue
            if not isinstance(text, str) or not text.strip() or len(text) > _MAX_TEXT or not text.isprintable():
                raise UsageError(f"{name} is one line of at most {_MAX_TEXT} characters; a person reads it")


@dataclass(frozen=True)
class Facts:
    """What the text depends on.

    Attributes
    ----------
    duration : float
        Seconds of all recordings together.
    num_left_out : int
        Recordings that the person might expect and that are not in.
    sealed_on : str
        Day.
    deadline : str or None
        Day by which the request is to be answered.
    """

    sender: Sender
    purpose: Purpose
    request: str
    num_recordings: int
    duration: Seconds
    num_left_out: int
    sealed_on: str
    deadline: str | None
    has_audio: bool
    has_certificate: bool
    is_canary: bool
    keeps_own: bool


def readme(facts: Facts) -> str:
    """The whole text, lines of at most 76 characters where words allow."""
    return "\n".join(
        [
            "(Deutscher Text weiter unten.)\n",
            _rendered(paragraphs_en(facts)),
            _placeholders("Placeholders", ENTITY_TYPES),
            "=" * _WIDTH + "\n",
            _rendered(paragraphs_de(facts)),
            _placeholders("Platzhalter", MEANINGS_DE),
        ]
    )


def how_to_open(file_name: str) -> str:
    """What to send along with a sealed file, for it cannot stand inside; in both languages."""
    plain = f"  age -d -i YOURS {file_name} | age -d -i INNER | tar -x"
    ours = f"  redactor export open {file_name} --identity YOURS --inner INNER --to FOLDER"
    english = (
        "YOURS is the file of your own age identity, whose public key you gave us; INNER is the one that "
        "you get from us over another way, once it is settled that this is yours. Without both it cannot be "
        "opened. Either of these opens it, the second with the programs age and tar alone:"
    )
    german = (
        "YOURS ist die Datei Ihrer eigenen age-Identität, deren öffentlichen Schlüssel Sie uns gegeben "
        "haben; INNER ist die, die Sie von uns auf einem anderen Weg bekommen, sobald feststeht, dass dies "
        "für Sie ist. Ohne beide lässt es sich nicht öffnen. Jeder der beiden Befehle öffnet es, der zweite "
        "allein mit den Programmen age und tar:"
    )
    return "\n\n".join([_filled(english), ours, plain, _filled(german), ours, plain]) + "\n"


def _rendered(sections: Sequence[Section]) -> str:
    written = []
    for title, paragraphs in sections:
        written.append(f"{title}\n{'-' * len(title)}\n")
        written += [_filled(paragraph) + "\n" for paragraph in paragraphs]
    return "\n".join(written)


def _filled(paragraph: str) -> str:
    if paragraph.startswith("  "):  # to be typed or found as it is
        return paragraph
    return textwrap.fill(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _placeholders(title: str, meanings: dict[str, str]) -> str:
    rows = [
        textwrap.fill(meaning, _WIDTH, initial_indent=f"<{name}> ".ljust(20), subsequent_indent=" " * 20)
        for name, meaning in sorted(meanings.items())
    ]
    return f"{title}\n{'-' * len(title)}\n\n" + "\n".join(rows) + "\n"
