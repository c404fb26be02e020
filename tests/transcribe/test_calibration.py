"""Word times less the model's measured bias."""

import math

import pytest

from redactor.errors import ModelError
from redactor.transcribe.calibration import Calibration
from redactor.types import Word

MEASURED = Calibration.of({"start_bias_ms": -60, "end_bias_ms": 100}, model="m")


def corrected(calibration, start, end, duration=10.0):
    word = calibration.apply(Word("a", start, end, 0.9), duration)
    return word.start, word.end


def test_what_is_early_moves_later_and_what_is_late_earlier():
    assert corrected(MEASURED, 1.0, 2.0) == (1.06, 1.9)


def test_a_model_that_nobody_measured_has_wider_words():
    assert corrected(Calibration.of({}, model="m"), 1.0, 2.0) == (0.9, 2.1)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.05), (9.97, 10.0), (5.0, 5.0), (9.99, 10.4)])
def test_a_corrected_word_lies_in_the_recording_and_has_length(start, end):
    first, last = corrected(MEASURED, start, end)
    assert 0.0 <= first < last <= 10.0


def test_a_time_that_is_not_a_number_stays_so_for_the_check_behind():
    assert math.isnan(corrected(MEASURED, math.nan, 2.0)[0])
    assert math.isnan(corrected(MEASURED, 1.0, math.nan)[1])


@pytest.mark.parametrize(
    "values",
    [
        {"start_bias_ms": 1},
        {"start_bias_ms": 1, "end_bias_ms": 2, "bias": 3},
        {"start_bias_ms": "1", "end_bias_ms": 2},
        {"start_bias_ms": math.nan, "end_bias_ms": 2},
        {"start_bias_ms": 60_000, "end_bias_ms": 2},
    ],
)
def test_a_table_that_cannot_be_right_is_refused(values):
    with pytest.raises(ModelError, match=r"calibration of model 'm' .* benchmarks/calibrate.py"):
        Calibration.of(values, model="m")
