"""Names of the kinds of personal data that a policy may list, as Presidio spells them.

A name stands here only when a recognizer for it exists (``redactor/detect``); a test holds the two together.
Left out on purpose, because they are wrong for speech: DATE_TIME ("today", "at four"), UK_NHS (any ten digits)
and URL (every spoken "dot").
"""

from __future__ import annotations

ENTITY_TYPES: dict[str, str] = {
    "AGE": "age of a person",
    "ANSWER": "answer to a question for personal data, whatever words it became",
    "CARD_EXPIRY": "expiry date of a payment card",
    "CREDIT_CARD": "payment card number",
    "CRYPTO": "cryptocurrency address",
    "DATE_OF_BIRTH": "date of birth",
    "EMAIL_ADDRESS": "e-mail address",
    "IBAN_CODE": "international bank account number",
    "ID_NUMBER": "run of spoken digits, or of letters and digits: account, card, booking, telephone",
    "IP_ADDRESS": "internet address",
    "LICENSE_PLATE": "licence plate of a vehicle",
    "LOCATION": "place, street or address",
    "MAC_ADDRESS": "network hardware address",
    "MEDICAL_LICENSE": "medical licence number",
    "NRP": "nationality, religious or political group",
    "ORGANIZATION": "company or institution",
    "PASSWORD": "password or answer to a security question",
    "PERSON": "name of a person",
    "PHONE_NUMBER": "telephone number",
    "PIN_CODE": "PIN, security code, one-time code or last digits of a number",
    "POSTAL_CODE": "postal code",
    "SPELLED_NAME": "name spelled letter by letter",
    "STREET_ADDRESS": "house number, street, unit",
    "UK_NINO": "British national insurance number",
    "USER_NAME": "user name or handle",
    "US_BANK_NUMBER": "American bank account number",
    "US_DRIVER_LICENSE": "American driving licence",
    "US_ITIN": "American taxpayer number",
    "US_PASSPORT": "American passport number",
    "US_SSN": "American social security number",
}
