"""Tasks in the background have one owner."""

import ast
import asyncio
import gc
from pathlib import Path

import pytest

import asyncmd_jupyter
from asyncmd_jupyter import background, runtime

PACKAGE = Path(asyncmd_jupyter.__file__).parent
# What makes a task that asyncio complains of when its loop ends before it.
MAKE_TASKS = {"create_task", "ensure_future", "wait_for", "TaskGroup"}


def test_nothing_else_starts_tasks():
    made = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.attr}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in MAKE_TASKS
    ]
    assert not made, "use runtime.start and asyncio.timeout"


@pytest.fixture
def here_runtime():
    with runtime.use(runtime.Runtime()) as fresh:
        yield fresh


async def wait_for_ever(ends, *, awaits=0):
    try:
        await asyncio.Event().wait()
    finally:
        ends.append("closed")
        for _ in range(awaits):
            try:
                await asyncio.sleep(0)
            finally:
                await asyncio.sleep(0)


async def begin(ends, **kwargs):
    task = runtime.start(wait_for_ever(ends, **kwargs), name="of a test")
    await asyncio.sleep(0)
    return task


def in_a_loop(coroutine):
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


async def nothing():
    pass


def test_tasks_are_kept_alive_and_forgotten_when_done(here_runtime):
    async def main():
        task = runtime.start(asyncio.sleep(0, "result"))
        name, number = task.get_name(), id(task)
        del task
        gc.collect()
        [found] = [task for task in asyncio.all_tasks() if id(task) == number]
        assert found.get_name() == name
        assert await found == "result"
        await asyncio.sleep(0)
        assert not here_runtime.tasks._tasks

    in_a_loop(main())


def test_tasks_of_a_closed_loop_end_when_another_loop_begins(here_runtime, capfd):
    ends = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin(ends, awaits=3))
    loop.close()
    assert ends == []

    async def second():
        await runtime.start(nothing())

    in_a_loop(second())
    gc.collect()
    assert ends == ["closed"]
    assert capfd.readouterr().err == ""


def test_tasks_of_a_loop_that_was_stopped_go_on_with_it(here_runtime, capfd):
    ends = []
    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(begin(ends))
    in_a_loop(begin([]))
    assert not task.done()
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    assert ends == ["closed"]
    loop.close()


def test_the_end_of_the_process_closes_what_is_left(here_runtime, capfd):
    ends = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin(ends, awaits=1))
    here_runtime.tasks.end()
    assert ends == ["closed"]
    loop.close()
    gc.collect()
    assert capfd.readouterr().err == ""


def test_a_block_ends_its_tasks_unless_it_is_closed():
    ends = []

    async def block():
        async with background.Ending(await begin(ends)):
            await asyncio.Event().wait()

    async def cancelled():
        task = asyncio.create_task(block())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    in_a_loop(cancelled())
    assert ends == ["closed"]
