"""What a decoder is shown: alike neighbours as their mean, everything else as it is, and silence up to 30 s."""

import numpy as np
import pytest

from redactor.transcribe.rules import FULL_STATES, View, WindowRules
from redactor.transcribe.shown import merged, shown

SILENCE = np.arange(FULL_STATES, dtype=np.float32)[:, np.newaxis] * [1.0, 0.0]


def states(num_states, *, seed=0, size=8):
    return np.random.default_rng(seed).normal(size=(num_states, size)).astype(np.float32)


def test_the_pairs_that_are_most_alike_become_their_mean():
    a, b, c = np.eye(3, dtype=np.float32)
    near_b, near_c = b + 0.1 * a, c + 0.2 * a
    left = merged(np.stack([a, b, near_b, c, near_c, a]), 4)
    assert left.tolist() == np.stack([a, (b + near_b) / 2, (c + near_c) / 2, a]).tolist()
    left = merged(np.stack([a, b, near_b, c, near_c, a]), 5)
    assert left.tolist() == np.stack([a, (b + near_b) / 2, c, near_c, a]).tolist()


def test_a_state_is_part_of_one_pair_at_most():
    # Three alike: the first two are one, and the third stays as it is.
    a, b = np.eye(2, dtype=np.float32)
    left = merged(np.stack([a, 2 * a, a, b, -a, -b]), 5)
    assert left.tolist() == np.stack([1.5 * a, a, b, -a, -b]).tolist()


@pytest.mark.parametrize("num_states", [0, 1, 2, 3, 4, 7, 10, 75, 1125])
@pytest.mark.parametrize("share", [0.7, 0.85, 1.0])
def test_just_as_many_are_left_as_wanted(num_states, share):
    count = int(np.ceil(share * num_states))
    for seed in range(20):
        assert merged(states(num_states, seed=seed), count).shape == (count, 8)


def test_so_many_can_be_left_also_where_the_most_alike_pairs_leave_one_between_them():
    # Pairs (1, 2), (4, 5), ... are the most alike: what stands between two of them has no neighbour left.
    angles = np.concatenate([[at, at + 1.0, at + 1.1] for at in np.arange(0, 20, 2.1)])
    own = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert len(merged(own, 21)) == 21


@pytest.mark.parametrize(
    ("num_states", "view", "length"),
    [
        (1125, View(1.0, 1), 1500),
        (1125, View(0.7, 8), 900),  # 788 of its own and 47 of silence, up to the next 2 s
        (1125, View(0.7, 0), 800),
        (100, View(0.7, 8), 300),
        (100, View(0.7, 8, 6.0), 200),
        (100, View(1.0, 1, 6.0), 400),
        (100, View(1.0, 0), 100),
        (1499, View(1.0, 1), 1500),
    ],
)
def test_so_many_states_are_shown_that_windows_of_like_length_have_the_same(num_states, view, length):
    assert shown(states(num_states, size=2), SILENCE, view).shape == (length, 2)


@pytest.mark.parametrize(("view", "last"), [(View(1.0, 10), FULL_STATES - 1), (View(1.0, 3, 6.0), 799)])
def test_silence_stands_at_its_own_places_as_far_as_it_is_shown(view, last):
    own = np.full((500, 2), -1.0, np.float32)
    seen = shown(own, SILENCE, view)
    assert (seen[:500] == -1).all()
    places = seen[500:, 0]
    assert (places[0], places[-1], len(places)) == (500, last, 100)
    assert (np.diff(places) > 0).all()


def test_a_short_window_is_shown_with_more_silence_unless_prompted():
    rules = WindowRules(22.0, 0.5, 0.7, 8, 4.0, 2)
    assert rules.view(3.9, prompted=False) == View(0.7, 2, 30.0)
    assert rules.view(4.0, prompted=False) == View(0.7, 8, 30.0)
    assert rules.view(3.9, prompted=True) == View(0.7, 8, 6.0)
