"""The German text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redactor.export.entries import Purpose

if TYPE_CHECKING:
    from redactor.export.package.readme import Facts, Section

MEANINGS_DE: dict[str, str] = {
    "AGE": "Alter einer Person",
    "ANSWER": "Antwort auf eine Frage nach persönlichen Daten, in welchen Worten auch immer",
    "CARD_EXPIRY": "Ablaufdatum einer Zahlungskarte",
    "CREDIT_CARD": "Nummer einer Zahlungskarte",
    "CRYPTO": "Adresse einer Kryptowährung",
    "DATE_OF_BIRTH": "Geburtsdatum",
    "EMAIL_ADDRESS": "E-Mail-Adresse",
    "IBAN_CODE": "internationale Kontonummer (IBAN)",
    "ID_NUMBER": "gesprochene Ziffern oder Buchstaben und Ziffern: Konto, Karte, Buchung, Telefon",
    "IP_ADDRESS": "Internetadresse (IP)",
    "LICENSE_PLATE": "Kennzeichen eines Fahrzeugs",
    "LOCATION": "Ort, Straße oder Adresse",
    "MAC_ADDRESS": "Geräteadresse im Netz (MAC)",
    "MEDICAL_LICENSE": "Nummer einer ärztlichen Zulassung",
    "NRP": "Nationalität, religiöse oder politische Gruppe",
    "ORGANIZATION": "Firma oder Einrichtung",
    "PASSWORD": "Passwort oder Antwort auf eine Sicherheitsfrage",
    "PERSON": "Name einer Person",
    "PHONE_NUMBER": "Telefonnummer",
    "PIN_CODE": "PIN, Prüfziffer, Einmalcode oder letzte Ziffern einer Nummer",
    "POSTAL_CODE": "Postleitzahl",
    "SPELLED_NAME": "buchstabierter Name",
    "STREET_ADDRESS": "Hausnummer, Straße, Wohnung",
    "UK_NINO": "britische Sozialversicherungsnummer",
    "USER_NAME": "Benutzername",
    "US_BANK_NUMBER": "amerikanische Kontonummer",
    "US_DRIVER_LICENSE": "amerikanischer Führerschein",
    "US_ITIN": "amerikanische Steuernummer",
    "US_PASSPORT": "Nummer eines amerikanischen Passes",
    "US_SSN": "amerikanische Sozialversicherungsnummer",
}
_WHY = {
    Purpose.SUBJECT_ACCESS: (
        "Sie haben eine Kopie der personenbezogenen Daten verlangt, die wir über Sie haben (Artikel 15 der "
        "Datenschutz-Grundverordnung, DSGVO). Dies ist der Teil unserer Antwort, der aus Aufnahmen Ihrer "
        "Stimme besteht."
    ),
    Purpose.RESEARCH: (
        "Diese Aufnahmen wurden Ihnen für die Forschung überlassen, und nur für das vereinbarte Vorhaben."
    ),
    Purpose.TRAINING: (
        "Diese Aufnahmen wurden Ihnen überlassen, um Software anzulernen oder zu prüfen, und nur für das, was "
        "vereinbart ist."
    ),
    Purpose.DISCLOSURE: (
        "Diese Aufnahmen wurden Ihnen aus einem Rechtsgrund offengelegt, und nur für die Sache, um die es "
        "dabei geht."
    ),
}


def paragraphs_de(facts: Facts) -> list[Section]:
    """Abschnitte in ihrer Reihenfolge."""
    own = facts.purpose is Purpose.SUBJECT_ACCESS
    return [
        ("Was das ist", _what(facts)),
        ("Was entfernt wurde, und wie", _removed(facts, own=own)),
        ("Was zu tun ist", _do(facts)),
        ("Ihre Rechte und unsere Frist" if own else "Ihre Pflichten", _rights(facts) if own else _duties()),
        ("Wen Sie fragen können", _ask(facts)),
    ]


def _what(facts: Facts) -> list[str]:
    minutes = max(1, round(facts.duration / 60))
    kind = "mit Ton" if facts.has_audio else "nur als Transkripte, ohne Ton"
    found = [
        f"Von: {facts.sender.organisation}. Vorgang {facts.request}, versiegelt am {facts.sealed_on}.",
        _WHY[facts.purpose],
        f"Aufnahmen hierin: {facts.num_recordings}, {kind}; zusammen etwa {minutes} Min.",
    ]
    if facts.is_canary:
        found.append(
            "Dies ist ein erster, kleiner Teil. Bevor der Rest folgt, fragen wir Sie auf einem anderen Weg "
            "nach Tatsachen, die nur die richtige Person kennen kann. Geht es hier nicht um Sie oder ist es "
            "nicht für Sie bestimmt, sagen Sie Nein und löschen Sie es: Dann wird nichts weiter verschickt."
        )
    if facts.num_left_out:
        found.append(
            f"Nicht enthalten: {facts.num_left_out}. Die Gründe stehen in manifest.json unter left_out; "
            "fragen Sie uns, wenn Sie mehr wissen möchten."
        )
    if facts.has_certificate:
        found.append(
            "certificate.html sagt in Zahlen, was die letzte Prüfung unserer Schwärzung durch Menschen "
            "ergeben hat."
        )
    return found


def _removed(facts: Facts, *, own: bool) -> list[str]:
    whose = "Personenbezogene Daten"
    if own:
        whose = (
            "Personenbezogene Daten anderer Menschen (die Artikel 15 Absatz 4 DSGVO schützt)"
            if facts.keeps_own
            else "Personenbezogene Daten, auch Ihre eigenen,"
        )
    return [
        f"{whose} wie Namen, Nummern und Adressen wurden von einem Programm gefunden, im Ton stummgeschaltet "
        "und in den Transkripten durch Platzhalter wie <PERSON_1> ersetzt; dieselbe Zahl steht innerhalb "
        "einer Aufnahme für dasselbe. <MUTED> steht für Wörter daneben, die mit stummgeschaltet sind. Die "
        "Liste am Ende erklärt sie. Länge und Zeiten sind die des Originals. Was nicht verstanden wurde, "
        "ist ebenfalls stumm oder fehlt.",
        "Die Transkripte hat ein Programm geschrieben, und Wörter darin können falsch sein. Das Programm "
        "kann auch etwas übersehen haben. Wenn Sie personenbezogene Daten anderer hören oder lesen, sagen "
        "Sie uns bitte, wo, und verwenden Sie sie nicht.",
        "Eine Stimme bleibt ein personenbezogenes Datum, auch wenn nichts Gesagtes einen Namen verrät: "
        "Menschen sind an ihr zu erkennen. Behandeln Sie diese Dateien wie alle personenbezogenen Daten. "
        "Veröffentlichen Sie sie nicht, und versuchen Sie nicht herauszufinden, wer jemand ist.",
    ]


def _do(facts: Facts) -> list[str]:
    listen = "Hören, Lesen und Suchen" if facts.has_audio else "Lesen und Suchen"
    return [
        f"Öffnen Sie index.html in einem Browser zum {listen}. Das geht ohne Verbindung, und nichts wird "
        "gesendet. Jede Aufnahme hat einen eigenen Ordner unter recordings/; transcript.txt lässt sich "
        "überall lesen.",
        "Um zu sehen, dass unterwegs nichts verändert wurde, besorgen Sie sich unseren Wurzelschlüssel auf "
        "einem anderen Weg als mit diesem Paket, und geben Sie im Ordner über diesem ein:",
        "  redactor export verify ORDNER --root-key root.pub",
        "Bewahren Sie die Dateien so auf, dass nur Sie sie öffnen können, und löschen Sie sie mitsamt "
        "Kopien und der versiegelten Datei, wenn Sie sie nicht mehr brauchen.",
    ]


def _rights(facts: Facts) -> list[str]:
    deadline = f" In Ihrem Fall ist das der {facts.deadline}." if facts.deadline else ""
    authority = (
        facts.sender.authority
        or "der Datenschutzbehörde dort, wo Sie wohnen oder arbeiten oder wo wir unseren Sitz haben"
    )
    return [
        "Wir müssen innerhalb eines Monats antworten, nachdem wir Ihren Antrag erhalten haben (Artikel 12 "
        "Absatz 3 DSGVO); ist er schwierig, dürfen wir zwei weitere brauchen und müssen Ihnen das im ersten "
        f"sagen.{deadline}",
        "Sie dürfen uns fragen, wozu wir die Daten verwenden, wer sie bekommen hat, wie lange wir sie "
        "behalten und woher wir sie haben (Artikel 15 Absatz 1). Sie dürfen ihre Berichtigung (Artikel 16), "
        "Löschung (Artikel 17) und Einschränkung (Artikel 18) verlangen und ihrer Verwendung widersprechen "
        "(Artikel 21). Nichts davon kostet etwas.",
        f"Sie dürfen sich jederzeit bei einer Aufsichtsbehörde beschweren (Artikel 77 DSGVO): {authority}. "
        "Auch der Weg zum Gericht steht Ihnen offen (Artikel 79).",
    ]


def _duties() -> list[str]:
    return [
        "Sobald Sie diese Dateien haben, gilt die DSGVO auch für Sie. Verwenden Sie sie für den genannten "
        "Zweck und keinen anderen, geben Sie sie niemandem weiter, bewahren Sie sie sicher auf, und löschen "
        "Sie sie, wenn der Zweck erfüllt ist oder wir Ihnen sagen, dass jemand seine Zustimmung "
        "zurückgezogen hat.",
        "Die Menschen, die hier sprechen, haben Rechte auf Auskunft, Löschung und Widerspruch (Artikel 15 "
        "bis 21 DSGVO) und dürfen sich bei einer Aufsichtsbehörde beschweren (Artikel 77). Geben Sie "
        "innerhalb eines Tages an uns weiter, was sie von Ihnen verlangen. Gehen Dateien verloren oder "
        "geraten sie in falsche Hände, sagen Sie es uns sofort: Die Behörde muss es innerhalb von 72 "
        "Stunden erfahren (Artikel 33).",
    ]


def _ask(facts: Facts) -> list[str]:
    return [
        f"{facts.sender.organisation}: {facts.sender.contact}. Nennen Sie den Vorgang {facts.request}.",
        "War dieses Paket nicht für Sie bestimmt, sagen Sie es uns bitte, löschen Sie es, und hören Sie es "
        "nicht an.",
    ]
