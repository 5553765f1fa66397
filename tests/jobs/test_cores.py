import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncmd_jupyter.jobs.cores import CoreQueue


@given(
    st.lists(st.integers(1, 9), max_size=20),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=40, max_size=40),
)
def test_fair_and_never_over_the_limit(sizes, turns):
    queue = CoreQueue()
    for number, cores in enumerate(sizes):
        queue.put(str(number), cores)
    running, order = [], []
    for limit, n_ends in turns:
        used_before = sum(sizes[number] for number in running)
        admitted = [int(job_id) for job_id in queue.admit(limit)]
        used = used_before + sum(sizes[number] for number in admitted)
        assert used <= limit or not admitted or (used_before == 0 and len(admitted) == 1)
        assert running or admitted or len(order) == len(sizes)
        order += admitted
        running += admitted
        for number in running[:n_ends]:
            queue.release(str(number))
        del running[:n_ends]
    assert order == list(range(len(order)))


def test_put_back_goes_first():
    queue = CoreQueue()
    for name in "abc":
        queue.put(name, 1)
    assert list(queue.admit(1)) == ["a"]
    queue.put_back("a")
    assert "a" in queue
    assert list(queue.admit(2)) == ["a", "b"]


def test_released_while_waiting():
    queue = CoreQueue()
    queue.put("a", 5)
    queue.put("b", 1)
    queue.occupy("running", 1)
    assert queue.admit(2) == {}
    queue.release("a")
    assert queue.admit(2) == {"b": 1}
    queue.release("unknown")


@pytest.mark.parametrize(
    ("limit", "n_jobs", "shares"), [(8, 1, [8]), (8, 3, [2, 2, 2]), (2, 4, [1, 1]), (1, 2, [1])]
)
def test_fair_shares(limit, n_jobs, shares):
    queue = CoreQueue()
    for number in range(n_jobs):
        queue.put(str(number), 1, takes_share=True)
    assert list(queue.admit(limit).values()) == shares


def test_parties_count_once():
    queue = CoreQueue()
    with queue.announced("mine"), queue.announced("mine"), queue.announced("other"):
        queue.put("first", 1, takes_share=True, party="mine")
        assert queue.admit(8) == {"first": 4}
    queue.release("first")
    queue.put("second", 1, takes_share=True)
    assert queue.admit(8) == {"second": 8}


@given(
    st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=20),
    st.lists(st.tuples(st.integers(4, 9), st.integers(0, 3)), min_size=40, max_size=40),
)
def test_shares_never_exceed_the_limit(jobs, turns):
    queue = CoreQueue()
    for number, (cores, takes_share) in enumerate(jobs):
        queue.put(str(number), cores, takes_share=takes_share)
    running: dict[str, int] = {}
    seen = 0
    for limit, n_ends in turns:
        before = sum(running.values())
        admitted = queue.admit(limit)
        assert min(admitted.values(), default=1) >= 1
        running |= admitted
        seen += len(admitted)
        assert sum(running.values()) <= max(limit, before)
        assert running or seen == len(jobs)
        for job_id in list(running)[:n_ends]:
            queue.release(job_id)
            del running[job_id]


def test_a_share_is_at_most_what_is_free():
    queue = CoreQueue()
    queue.occupy("running", 3)
    queue.put("next", 1, takes_share=True)
    assert queue.admit(3) == {}
    assert queue.admit(4) == {"next": 1}
