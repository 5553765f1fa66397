"""Several tasks, threads and event loops that ask for the same values at once."""

import asyncio
import threading

import handmade
import numpy as np
import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.threads import WorkThreads
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.single_flight import SingleFlight

X = [0.5, -0.25]


@pytest.fixture
def traj(tmp_path, runtime):
    return handmade.trajectory(tmp_path, X)


class Held:
    """A synchronous function that waits until it is let go."""

    def __init__(self):
        self.calls = 0
        self.running = 0
        self.most = 0
        self.began = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.lock = threading.Lock()

    def __call__(self, traj):
        with self.lock:
            self.calls += 1
            self.running += 1
            self.most = max(self.most, self.running)
        self.began.release()
        assert self.go_on.wait(60)
        with self.lock:
            self.running -= 1
        return handmade.places(traj)

    async def has_begun(self):
        assert await asyncio.to_thread(self.began.acquire, timeout=60)


class HeldLater:
    """The same as a coroutine."""

    def __init__(self):
        self.calls = 0
        self.cancelled = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, traj):
        self.calls += 1
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return handmade.places(traj)

    async def has_begun(self):
        await self.began.wait()


@pytest.fixture(params=[Held, HeldLater])
async def held(request):
    return request.param()


async def settle():
    """Let all tasks come to the point at which they wait."""
    for _ in range(20):
        await asyncio.to_thread(lambda: None)


async def test_many_tasks_share_one_evaluation(traj, held):
    tasks = [
        asyncio.create_task(PyTrajectoryFunctionWrapper(held, id="held")(traj)) for _ in range(5)
    ]
    await held.has_begun()
    await settle()
    held.go_on.set()
    for values in await asyncio.gather(*tasks):
        np.testing.assert_allclose(values, X)
    assert held.calls == 1


async def test_a_cancelled_task_takes_nothing_from_the_others(traj, held):
    tasks = [
        asyncio.create_task(PyTrajectoryFunctionWrapper(held, id="held")(traj)) for _ in range(3)
    ]
    await held.has_begun()
    await settle()
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    held.go_on.set()
    for task in tasks[1:]:
        np.testing.assert_allclose(await task, X)
    assert held.calls == 1


async def test_an_error_reaches_all_who_wait(traj, runtime):
    began, go_on = asyncio.Event(), asyncio.Event()

    async def failing(traj):
        began.set()
        await go_on.wait()
        raise ZeroDivisionError

    wrapper = PyTrajectoryFunctionWrapper(failing, id="failing")
    tasks = [asyncio.create_task(wrapper(traj)) for _ in range(3)]
    await began.wait()
    await settle()
    go_on.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [ZeroDivisionError] * 3


async def test_when_all_have_left_a_coroutine_is_cancelled(traj):
    held = HeldLater()
    wrapper = PyTrajectoryFunctionWrapper(held, id="held")
    tasks = [asyncio.create_task(wrapper(traj)) for _ in range(2)]
    await held.has_begun()
    await settle()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await settle()
    assert held.cancelled == 1
    held.go_on.set()
    np.testing.assert_allclose(await wrapper(traj), X)
    assert held.calls == 2


async def test_two_evaluations_never_run_side_by_side(traj):
    """A thread can't be stopped: who asks again after a cancellation waits for its end."""
    held = Held()
    wrapper = PyTrajectoryFunctionWrapper(held, id="held")
    first = asyncio.create_task(wrapper(traj))
    await held.has_begun()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(wrapper(traj))
    await settle()
    assert held.calls == 1
    held.go_on.set()
    np.testing.assert_allclose(await second, X)
    assert held.most == 1


async def test_a_function_cancelled_from_within_is_not_tried_again(traj):
    calls = []

    async def giving_up(traj):
        calls.append(1)
        raise asyncio.CancelledError

    wrapper = PyTrajectoryFunctionWrapper(giving_up, id="giving up")
    with pytest.raises(asyncio.CancelledError):
        await wrapper(traj)
    assert len(calls) == 1


def test_event_loops_one_after_the_other(traj):
    """One that ends in the middle of an evaluation leaves nothing in the way of the next."""
    calls = []

    async def function(traj):
        calls.append(1)
        if len(calls) == 1:
            await asyncio.Event().wait()
        return X

    wrapper = PyTrajectoryFunctionWrapper(function, id="loops")

    async def abandon():
        task = asyncio.create_task(wrapper(traj))
        while not calls:
            await asyncio.to_thread(lambda: None)
        return task

    asyncio.run(abandon())
    np.testing.assert_allclose(asyncio.run(wrapper(traj)), X)
    np.testing.assert_allclose(asyncio.run(wrapper(traj)), X)
    assert len(calls) == 2


def test_an_event_loop_closed_without_any_care(traj):
    async def never(traj):
        await asyncio.Event().wait()

    stuck = PyTrajectoryFunctionWrapper(never, id="same")
    loop = asyncio.new_event_loop()
    task = loop.create_task(stuck(traj))
    for _ in range(3):
        loop.run_until_complete(settle())
    loop.close()
    good = PyTrajectoryFunctionWrapper(lambda _: X, id="same")
    np.testing.assert_allclose(asyncio.run(good(traj)), X)
    task._log_destroy_pending = False
    for flight in asyncio.all_tasks(loop):
        flight._log_destroy_pending = False


def test_event_loops_in_two_threads_share_one_evaluation(traj, runtime):
    held = Held()
    wrapper = PyTrajectoryFunctionWrapper(held, id="held")
    results = []

    def evaluate():
        with runtimes.use(runtime):
            results.append(asyncio.run(wrapper(traj)))

    threads = [threading.Thread(target=evaluate) for _ in range(2)]
    threads[0].start()
    assert held.began.acquire(timeout=60)
    threads[1].start()
    held.go_on.set()
    for thread in threads:
        thread.join(60)
    assert held.calls == 1
    np.testing.assert_allclose(results, [X, X])


async def test_no_more_functions_at_once_than_allowed(tmp_path, runtime):
    runtime.change_settings(max_processes=2)
    held = Held()
    wrapper = PyTrajectoryFunctionWrapper(held, id="held")
    trajs = [handmade.trajectory(tmp_path, [float(i)], name=f"t{i}") for i in range(6)]
    tasks = [asyncio.create_task(wrapper(traj)) for traj in trajs]
    for _ in range(2):
        await held.has_begun()
    await settle()
    assert held.running == 2
    runtime.change_settings(max_processes=4)
    for _ in range(2):
        await held.has_begun()
    await settle()
    assert held.running == 4
    held.go_on.set()
    await asyncio.gather(*tasks)
    assert held.most == 4


async def test_a_cancelled_call_that_has_not_begun_never_begins(runtime):
    runtime.change_settings(max_processes=1)
    threads = WorkThreads.current()
    go_on, calls = threading.Event(), []
    first = asyncio.create_task(threads.run(lambda: go_on.wait(60)))
    await settle()
    second = asyncio.create_task(threads.run(lambda: calls.append(1)))
    await settle()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go_on.set()
    assert await first
    await threads.run(lambda: None)
    assert calls == []


async def test_a_function_may_evaluate_another_one(traj, runtime):
    runtime.change_settings(max_processes=1)
    inner = PyTrajectoryFunctionWrapper(handmade.places, id="inner")
    outer = PyTrajectoryFunctionWrapper(lambda traj: asyncio.run(inner(traj)) + 1, id="outer")
    np.testing.assert_allclose(await outer(traj), np.array(X) + 1)


async def test_no_thread_stays_behind(runtime):
    threads = WorkThreads.current()
    await asyncio.gather(*(threads.run(lambda: None) for _ in range(20)))
    while threads._workers:
        await asyncio.to_thread(lambda: None)


async def test_functions_run_in_the_runtime_of_their_caller(traj, runtime):
    seen = await WorkThreads.current().run(runtimes.current)
    assert seen is runtime


async def test_keys_do_not_wait_for_each_other():
    flights = SingleFlight()
    go_on = asyncio.Event()

    async def slow():
        await go_on.wait()
        return "slow"

    async def quick():
        return "quick"

    waiting = asyncio.create_task(flights.run("a", slow))
    await asyncio.sleep(0)
    assert await flights.run("b", quick) == "quick"
    go_on.set()
    assert await waiting == "slow"
    assert flights._flights == {}
