"""Texts that no recognizer should write, and that must not stop a search."""

import pytest
from spoken_tables import muted

from redactor.detect.recognizers.spoken_forms import SPOKEN_FORMS

# Python reads no number of more digits than 4,300.
LONG = "7" * 5_000


@pytest.mark.parametrize(
    "text",
    ["{}", "i am {}", "from {} to {}", "born on the {} of the {}", "the {} of may", "the 2nd of the {}th"],
)
@pytest.mark.parametrize("kind", SPOKEN_FORMS)
def test_a_number_of_any_length_is_read(kind, text):
    muted(kind(), text.format(LONG, LONG))
