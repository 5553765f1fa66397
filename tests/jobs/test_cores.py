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
    assert queue.admit(1) == ["a"]
    queue.put_back("a")
    assert "a" in queue
    assert queue.admit(2) == ["a", "b"]


def test_released_while_waiting():
    queue = CoreQueue()
    queue.put("a", 5)
    queue.put("b", 1)
    queue.occupy("running", 1)
    assert queue.admit(2) == []
    queue.release("a")
    assert queue.admit(2) == ["b"]
    queue.release("unknown")
