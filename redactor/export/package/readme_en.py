"""The English text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redactor.export.entries import Purpose

if TYPE_CHECKING:
    from redactor.export.package.readme import Facts, Section

_WHY = {
    Purpose.SUBJECT_ACCESS: (
        "You asked for a copy of the personal data that we hold about you (Article 15 of the General Data "
        "Protection Regulation, GDPR). This is the part of our answer that consists of recordings of your "
        "voice."
    ),
    Purpose.RESEARCH: "These recordings were given to you for research, and for the project agreed on alone.",
    Purpose.TRAINING: (
        "These recordings were given to you to train or test software, and for what was agreed on alone."
    ),
    Purpose.DISCLOSURE: (
        "These recordings were disclosed to you on a legal ground, and for the matter they were disclosed "
        "in alone."
    ),
}


def paragraphs_en(facts: Facts) -> list[Section]:
    """Sections in order."""
    own = facts.purpose is Purpose.SUBJECT_ACCESS
    return [
        ("What this is", _what(facts)),
        ("What was removed, and how", _removed(facts, own=own)),
        ("What to do", _do(facts)),
        ("Your rights and our deadline" if own else "Your duties", _rights(facts) if own else _duties()),
        ("Whom to ask", _ask(facts)),
    ]


def _what(facts: Facts) -> list[str]:
    minutes = max(1, round(facts.duration / 60))
    kind = "with sound" if facts.has_audio else "transcripts alone, without sound"
    found = [
        f"From: {facts.sender.organisation}. Request {facts.request}, sealed on {facts.sealed_on}.",
        _WHY[facts.purpose],
        f"Recordings in here: {facts.num_recordings}, {kind}; about {minutes} min in all.",
    ]
    if facts.is_canary:
        found.append(
            "This is a first, small part. Before the rest follows we ask you for facts that only the right "
            "person can know, over another way than this one. If this is not about you or not meant for "
            "you, say no and delete it: nothing else will be sent."
        )
    if facts.num_left_out:
        found.append(
            f"Left out: {facts.num_left_out}. The reasons are in manifest.json under left_out; ask us if you "
            "want to know more."
        )
    if facts.has_certificate:
        found.append(
            "certificate.html says what the last check of our redaction by human listeners showed, in figures."
        )
    return found


def _removed(facts: Facts, *, own: bool) -> list[str]:
    whose = "Personal data"
    if own:
        whose = (
            "Personal data of other people (Article 15(4) GDPR protects them)"
            if facts.keeps_own
            else "Personal data, yours included,"
        )
    return [
        f"{whose} such as names, numbers and addresses was found by a program, muted in the sound, and "
        "replaced in the transcripts by placeholders such as <PERSON_1>; the same number stands for the "
        "same thing within one recording. <MUTED> stands for words beside it that were muted with it. The "
        "list at the end explains them. Length and timing are those of the original. What could not be "
        "understood is muted too, or was left out.",
        "The transcripts were written by a program, and words in them can be wrong. The program can also "
        "have missed something. If you hear or read personal data of somebody else, please tell us where, "
        "and do not use it.",
        "A voice remains personal data even where nothing said gives a name away: people can be recognised "
        "by it. Treat these files like any other personal data. Do not publish them, and do not try to find "
        "out who somebody is.",
    ]


def _do(facts: Facts) -> list[str]:
    listen = "listen, read and search" if facts.has_audio else "read and search"
    return [
        f"Open index.html in a browser to {listen}. It works without a connection and sends nothing. Every "
        "recording has a folder of its own under recordings/; transcript.txt can be read anywhere.",
        "To see that nothing was changed on the way, get our root key over another way than this package, "
        "and type in the folder above this one:",
        "  redactor export verify FOLDER --root-key root.pub",
        "Keep the files where only you can open them, and delete them, copies and the sealed file included, "
        "when you do not need them any more.",
    ]


def _rights(facts: Facts) -> list[str]:
    deadline = f" In your case that is {facts.deadline}." if facts.deadline else ""
    authority = (
        facts.sender.authority or "the data protection authority where you live or work, or where we are"
    )
    return [
        "We have to answer within one month of receiving your request (Article 12(3) GDPR); if it is "
        f"complex we may take two more, and have to tell you so within the first.{deadline}",
        "You may ask us what we use the data for, who received it, how long we keep it and where we have it "
        "from (Article 15(1)). You may ask us to correct it (Article 16), to erase it (Article 17), to "
        "restrict its use (Article 18), and you may object to its use (Article 21). None of this costs "
        "anything.",
        f"You may complain to a supervisory authority at any time (Article 77 GDPR): {authority}. You may "
        "also go to court (Article 79).",
    ]


def _duties() -> list[str]:
    return [
        "The GDPR applies to you too as soon as you hold these files. Use them for the purpose above and no "
        "other, give them to nobody else, keep them safe, and delete them when the purpose is fulfilled or "
        "when we tell you that somebody withdrew.",
        "The people who speak here have rights to access, erasure and objection (Articles 15 to 21 GDPR), "
        "and may complain to a supervisory authority (Article 77). Pass on to us within a day what they ask "
        "of you. If files are lost or get into wrong hands, tell us at once: the authority has to be told "
        "within 72 hours (Article 33).",
    ]


def _ask(facts: Facts) -> list[str]:
    return [
        f"{facts.sender.organisation}: {facts.sender.contact}. Name the request {facts.request}.",
        "If you were not to get this package, please tell us, delete it, and do not listen to it.",
    ]
