"""Passwords and answers to security questions, beside talk about passwords."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.secrets import SecretRecognizer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my password is blue tiger 42", "blue tiger 42"),
        ("the wifi password is thunder 79.", "thunder 79"),
        ("the password for my account is, um, Marmalade57", "Marmalade57"),
        ("password sparrow 93", "sparrow 93"),
        ("my mother's maiden name is Henderson", "Henderson"),
        ("my first pet was Biscuit", "Biscuit"),
        ("memorable word is lighthouse", "lighthouse"),
        ("the security answer is purple mountain, okay", "purple mountain"),
    ],
)
def test_finds_secrets_behind_what_announces_them(text, value):
    assert muted(SecretRecognizer(), text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "reset my password",
        "I forgot my password",
        "my password is wrong",
        "the password is expired",
        "my password is not working",
        "password is the problem",
        "change your password please",
        "the password was reset yesterday",
        "I typed my password 3 times",
        "the password for my account is still wrong",
        "what is your memorable word",
    ],
)
def test_leaves_talk_about_passwords(text):
    assert muted(SecretRecognizer(), text) == []
