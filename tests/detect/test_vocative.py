"""Names at the end of set phrases, beside the same phrases with nothing personal behind them."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.vocative import VocativeRecognizer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Is there anything else I can do for you, my? No.", "my"),
        ("anything else I can help you with, Siobhan?", "Siobhan"),
        ("anything else I can do for you so fire. Okay", "so fire"),
        ("Thank you for your help to mash. Bye.", "to mash"),
        ("Thank you for your help to mash.", "to mash"),
        ("Thanks for your help, too. Bye.", "too"),
        ("Hi, too. I would like to check", "too"),
        ("How are you today, Rajesh?", "Rajesh"),
        ("Have a great day, Mike. Bye.", "Mike"),
    ],
)
def test_what_closes_a_set_phrase_is_a_name(text, value):
    assert muted(VocativeRecognizer(), text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "Is there anything else I can do for you today?",
        "Is there anything else I can do for you, sir?",
        "Thank you for your help.",
        "Thank you for your help with this order.",
        "Thanks for your help, bye.",
        "Hi there, how are you?",
        "Hello, how can I help?",
        "How are you doing today?",
        "Have a good one, bye bye.",
        "thank you so much for calling us today and have a nice",
        "thank you very much I really appreciate it",
        "Thank you very much for that.",
        "Good morning everyone.",
        "How can I help you today with your order?",
        "Thanks again. The river was high.",
        "take care of that for me please now",
    ],
)
def test_a_phrase_that_is_complete_or_goes_on_names_nobody(text):
    assert muted(VocativeRecognizer(), text) == []
