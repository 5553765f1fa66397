"""The rate of submissions."""

import asyncio

from asyncmd_jupyter.jobs.slurm.pace import Pace


async def test_what_is_more_waits_for_its_turn():
    limits = [2]
    pace = Pace(lambda: limits[-1])
    assert await pace.turn(lambda: True)
    assert await pace.turn(lambda: True)
    third = asyncio.create_task(pace.turn(lambda: True))
    await asyncio.sleep(0.3)
    assert not third.done()
    limits.append(3)
    assert await third


async def test_nobody_wants_it_any_more():
    pace = Pace(lambda: 1)
    assert await pace.turn(lambda: False)
    assert not await pace.turn(lambda: False)


async def test_without_a_limit():
    pace = Pace(lambda: None)
    assert all([await pace.turn(lambda: True) for _ in range(1000)])
