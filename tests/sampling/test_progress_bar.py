import asyncio

import pytest

from asyncmd_jupyter.utils import gather_with_progress


async def result(value, begun=None):
    if begun is not None:
        begun.append(value)
    await asyncio.sleep(0)
    return value


async def endless(ended):
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(True)


async def test_results_come_in_order_with_a_bar(capsys):
    values = await gather_with_progress(*(result(i) for i in range(5)), description="values")
    assert values == [0, 1, 2, 3, 4]
    said = capsys.readouterr().err
    assert "values" in said
    assert "5/5" in said


async def test_an_error_ends_the_others():
    ended = []

    async def fails():
        await asyncio.sleep(0)
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        await gather_with_progress(endless(ended), fails())
    assert ended == [True]


async def test_an_interrupt_ends_all_and_begins_no_more():
    ended, begun = [], []
    waiting = (result(i, begun) for i in range(3))
    task = asyncio.create_task(gather_with_progress(endless(ended), *waiting, at_once=1))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
    assert begun == []


async def test_only_so_many_at_once():
    going_on, most = [], []

    async def one():
        going_on.append(1)
        most.append(len(going_on))
        await asyncio.sleep(0.001)
        going_on.pop()

    await gather_with_progress(*(one() for _ in range(9)), at_once=3)
    assert max(most) == 3


async def test_what_can_not_be(recwarn):
    with pytest.raises(ValueError, match="at_once=0"):
        await gather_with_progress(at_once=0)
