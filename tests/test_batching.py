"""Work of many threads in batches: whose result is whose, what fails alone, and when a batch gets smaller."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from redactor.batching import Batcher, Turn

TOO_LARGE = RuntimeError("CUDA failed with error out of memory")


def doubler(batches, *, poison=(), room=10**9):
    """Work that doubles numbers and keeps every batch; some cannot be doubled, some batches are too large."""

    def work(key, items):
        batches.append((key, list(items)))
        if len(items) > room:
            raise TOO_LARGE
        for item in items:
            if item in poison:
                raise ValueError(item)
        return [2 * item for item in items]

    return work


def test_results_come_in_the_order_of_the_items_and_no_batch_is_too_large():
    batches = []
    batcher = Batcher(doubler(batches), most=3)
    assert batcher.run("a", range(8)) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert [len(items) for _, items in batches] == [3, 3, 2]
    assert batcher.run("a", []) == []


@pytest.mark.parametrize("mixed", [True, False])
def test_everybody_gets_what_is_theirs(mixed):
    batches = []
    batcher = Batcher(doubler(batches), most=4, mixed=mixed)

    def ask(number):
        items = [100 * number + i for i in range(5)]
        return batcher.run(number % 2, items) == [2 * item for item in items]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(40)))
    assert sorted(item for _, items in batches for item in items) == sorted(
        100 * n + i for n in range(40) for i in range(5)
    )
    assert all(item // 100 % 2 == key for key, items in batches for item in items)


def run_together(batcher, asked):
    """Ask for several keys and items while the batcher is busy, so that all of them wait at once."""
    held, entered = threading.Event(), threading.Event()

    def wait():
        entered.set()
        held.wait(10)

    with ThreadPoolExecutor(len(asked) + 1) as pool:
        first = pool.submit(batcher.run, "busy", [wait])
        entered.wait(10)
        asks = [pool.submit(batcher.run, key, items) for key, items in asked]
        while batcher._turn.waiting < sum(len(items) for _, items in asked):
            held.wait(0.001)
        held.set()
        first.result()
        return [ask.exception() or ask.result() for ask in asks]


def counting(batches, inner):
    def work(key, items):
        if key == "busy":
            items[0]()
            return [None]
        batches.append((key, sorted(items)))
        return inner(key, items)

    return work


def test_what_waits_of_one_key_is_done_together_and_keys_are_never_mixed():
    batches = []
    batcher = Batcher(counting(batches, doubler([])), most=8)
    assert run_together(batcher, [("a", [1]), ("b", [10]), ("a", [2, 3])]) == [[2], [20], [4, 6]]
    assert sorted(batches) == [("a", [1, 2, 3]), ("b", [10])]


def test_where_batches_may_not_be_mixed_each_asker_has_its_own():
    batches = []
    batcher = Batcher(counting(batches, doubler([])), most=8, mixed=False)
    assert run_together(batcher, [("a", [1]), ("a", [2, 3])]) == [[2], [4, 6]]
    assert sorted(batches) == [("a", [1]), ("a", [2, 3])]


def test_what_fails_in_a_batch_fails_for_its_asker_alone():
    batcher = Batcher(counting([], doubler([], poison={2})), most=8)
    good, bad, also_good = run_together(batcher, [("a", [1]), ("a", [2]), ("a", [3])])
    assert (good, also_good) == ([2], [6])
    assert isinstance(bad, ValueError)


def test_a_batch_too_large_for_memory_is_done_in_halves_and_later_ones_are_no_larger():
    batches = []
    batcher = Batcher(doubler(batches, room=3), most=16, is_out_of_memory=lambda error: error is TOO_LARGE)
    assert batcher.run("a", range(16)) == [2 * i for i in range(16)]
    assert batcher.most == 2
    batches.clear()
    batcher.run("a", range(6))
    assert [len(items) for _, items in batches] == [2, 2, 2]


def test_another_error_makes_no_batch_smaller():
    batcher = Batcher(doubler([], poison={1}), most=4, is_out_of_memory=lambda error: error is TOO_LARGE)
    with pytest.raises(ValueError, match="1"):
        batcher.run("a", [0, 1, 2, 3])
    assert batcher.most == 4


def test_one_thing_that_is_too_large_by_itself_is_an_error():
    batcher = Batcher(doubler([], room=0), most=4, is_out_of_memory=lambda error: error is TOO_LARGE)
    with pytest.raises(RuntimeError, match="out of memory"):
        batcher.run("a", [1])


def test_a_batch_with_too_few_results_is_an_error_and_no_silent_loss():
    batcher = Batcher(lambda key, items: [], most=4)
    with pytest.raises(RuntimeError, match="0 results for a batch of 1"):
        batcher.run("a", [1, 2])


def test_batchers_with_one_turn_never_compute_at_the_same_time():
    turn, inside, most = Turn(), [], []

    def work(key, items):
        inside.append(key)
        most.append(len(inside))
        threading.Event().wait(0.001)
        inside.pop()
        return items

    both = [Batcher(work, most=2, turn=turn) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: both[n % 2].run("a", [n, n]), range(30)))
    assert max(most) == 1


def test_what_was_done_is_counted_and_what_failed_is_not():
    poisoned = Batcher(doubler([], poison={3}), most=4)
    with pytest.raises(ValueError, match="3"):
        poisoned.run("a", [0, 1, 2, 3])
    assert (poisoned.batches, poisoned.items) == (2, 3)  # [0, 1] and [2]
    whole = Batcher(doubler([]), most=4)
    whole.run("a", range(9))
    assert (whole.batches, whole.items) == (3, 9)


def test_of_several_batchers_the_fullest_batch_comes_first():
    """What needs no company is done at once, so that what does need it gathers."""
    done, turn = [], Turn()

    def named(name):
        def work(key, items):
            done.append((name, len(items)))
            return items

        return work

    encoder, writer = Batcher(named("encode"), most=1, turn=turn), Batcher(named("write"), most=4, turn=turn)
    busy = Batcher(counting([], named("busy")), most=1, turn=turn)
    held, entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(8) as pool:
        pool.submit(busy.run, "busy", [lambda: (entered.set(), held.wait(10))])
        entered.wait(10)
        asks = [pool.submit(writer.run, "w", [n]) for n in range(3)]
        asks += [pool.submit(encoder.run, "e", [n]) for n in range(2)]
        while turn.waiting < 5:
            held.wait(0.001)
        held.set()
        assert [ask.result() for ask in asks] == [[0], [1], [2], [0], [1]]
    assert done == [("encode", 1), ("encode", 1), ("write", 3)]


def test_whose_things_are_done_waits_for_no_other_batch():
    """They may have more to ask for, which would fill the next batch."""
    turn, many = Turn(), 8
    held, entered, go_on = threading.Event(), threading.Event(), threading.Event()
    quick = Batcher(lambda key, items: items, most=many, turn=turn)
    slow = Batcher(lambda key, items: [item() for item in items], most=2, turn=turn)
    with ThreadPoolExecutor(many + 2) as pool:
        pool.submit(slow.run, "busy", [lambda: (entered.set(), held.wait(10))])
        entered.wait(10)
        last = pool.submit(slow.run, "s", [lambda: go_on.wait(60)])
        while turn.waiting < 1:
            held.wait(0.001)
        asks = [pool.submit(quick.run, "q", [n]) for n in range(many)]
        while turn.waiting < many + 1:
            held.wait(0.001)
        held.set()
        try:
            # Whoever computes the slow one now may be one of them, and is busy with it until its end.
            done = [ask for ask in asks if not isinstance(_outcome(ask), TimeoutError)]
            assert len(done) >= many - 1
        finally:
            go_on.set()
        assert last.result() == [True]


def _outcome(ask):
    try:
        return ask.result(timeout=5)
    except TimeoutError as error:
        return error
