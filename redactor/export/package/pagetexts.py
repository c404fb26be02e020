"""What the page of a package says, in English and German; names in braces are filled in."""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Recordings",
        "skip": "Skip to the recordings",
        "about": "Recordings: {count}. Sealed on {day}. Request {request}.",
        "voice": (
            "Personal data in these recordings was muted, and stands as a placeholder such as <PERSON_1> in "
            "the transcripts. A voice remains personal data: do not pass these files on. More is in "
            "README.txt."
        ),
        "documents": "Documents",
        "search": "Search what was said",
        "go": "Search",
        "found": "Found",
        "recordings": "All recordings",
        "recording": "Recording {number}{when}",
        "length": "Length {minutes}",
        "sound": "Sound of recording {number}",
        "unplayable": "This browser cannot play this kind of file; open it with another program (link below).",
        "transcript": "Read the transcript",
        "channel": "channel {channel}",
        "play": "Play recording {number} from {time}",
        "nothing": "",
        "none": "Nothing was found. The search wants all the words to stand in one line.",
        "one": "Found once.",
        "some": "Found {count} times.",
        "many": "Found {count} times; the first {most} are shown. Add a word to find less.",
        "noscript": (
            "Search needs JavaScript. The recordings play without it, and transcripts are linked below each."
        ),
    },
    "de": {
        "title": "Aufnahmen",
        "skip": "Direkt zu den Aufnahmen",
        "about": "Aufnahmen: {count}. Versiegelt am {day}. Vorgang {request}.",
        "voice": (
            "Personenbezogene Daten sind in diesen Aufnahmen stummgeschaltet; im Transkript steht dort ein "
            "Platzhalter wie <PERSON_1>. Eine Stimme bleibt ein personenbezogenes Datum: Geben Sie diese "
            "Dateien nicht weiter. Mehr steht in README.txt."
        ),
        "documents": "Dokumente",
        "search": "Im Gesprochenen suchen",
        "go": "Suchen",
        "found": "Treffer",
        "recordings": "Alle Aufnahmen",
        "recording": "Aufnahme {number}{when}",
        "length": "Länge {minutes}",
        "sound": "Ton der Aufnahme {number}",
        "unplayable": (
            "Dieser Browser kann diese Art Datei nicht abspielen; öffnen Sie sie mit einem anderen Programm "
            "(Link unten)."
        ),
        "transcript": "Transkript lesen",
        "channel": "Kanal {channel}",
        "play": "Aufnahme {number} ab {time} abspielen",
        "nothing": "",
        "none": "Nichts gefunden. Alle Wörter müssen in einer Zeile stehen.",
        "one": "Ein Treffer.",
        "some": "{count} Treffer.",
        "many": "{count} Treffer; gezeigt werden die ersten {most}. Ein weiteres Wort grenzt ein.",
    },
}
