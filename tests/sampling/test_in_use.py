"""Only one task of a kernel works on a simulation at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from own_engine import DriftEngine
from toy_parts import grid, steps_of
from toy_states import in_b

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.sampling.in_use import SimulationsInUse
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.testing import ToyEngine

FOREVER = 10**9
TOY = {
    "engine_cls": ToyEngine,
    "engine_kwargs": {"x": 0.0, "seed": 5, "launcher": "memory"},
    "walltime_per_part": 1.0,
}
OWN = {"engine_cls": DriftEngine, "engine_kwargs": {}, "walltime_per_part": 1.0}
IN_USE = r"'sim' in .* is being propagated already in this kernel: wait for that task"


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def conditional(engine: dict) -> ConditionalTrajectoryPropagator:
    return ConditionalTrajectoryPropagator([never], **engine)


def endless(kind: str, engine: dict):
    """A propagator that goes on until it is cancelled."""
    return conditional(engine) if kind == "conditional" else in_parts(engine, FOREVER)


def in_parts(engine: dict, n_steps: int) -> InPartsTrajectoryPropagator:
    return InPartsTrajectoryPropagator(n_steps, **engine)


async def begun(folder: Path) -> None:
    while not list(folder.glob("*.part0001.trr")):
        await asyncio.sleep(0.001)


async def ended(task: asyncio.Task) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("engine", [TOY, OWN], ids=["toy", "own"])
@pytest.mark.parametrize("continuation", [False, True])
async def test_two_at_once(manager, tmp_path: Path, engine, continuation: bool):
    both = [
        in_parts(engine, 200).propagate(None, tmp_path, "sim", continuation=continuation)
        for _ in range(2)
    ]
    parts, error = await asyncio.gather(*both, return_exceptions=True)
    assert isinstance(error, EngineError)
    assert "is being propagated already" in str(error)
    joined = await in_parts(engine, 200).cut_and_concatenate(parts, tmp_path / "out.trr")
    assert steps_of(joined) == grid(200)


@pytest.mark.parametrize("engine", [TOY, OWN], ids=["toy", "own"])
@pytest.mark.parametrize("kind", ["conditional", "in parts"])
async def test_again_while_the_first_goes_on(manager, tmp_path: Path, engine, kind: str):
    task = asyncio.create_task(endless(kind, engine).propagate(None, tmp_path, "sim"))
    await begun(tmp_path)
    for again in (conditional(engine), in_parts(engine, 200)):
        with pytest.raises(EngineError, match=IN_USE):
            await again.propagate(None, tmp_path, "sim", continuation=True)
    with pytest.raises(EngineError, match=IN_USE):
        await conditional(engine).join_all(tmp_path, "sim", tmp_path / "all.trr")
    with pytest.raises(EngineError, match=IN_USE):
        await in_parts(engine, 200).remove_parts(tmp_path, "sim")
    assert not task.done(), "the first one does not notice"
    await ended(task)
    parts = await in_parts(engine, 200).propagate(None, tmp_path, "sim", continuation=True)
    joined = await in_parts(engine, 200).cut_and_concatenate(parts, tmp_path / "out.trr")
    assert steps_of(joined) == grid(200)
    await in_parts(engine, 200).remove_parts(tmp_path, "sim")


async def test_other_names_and_folders(manager, tmp_path: Path):
    (tmp_path / "other").mkdir()
    places = [(tmp_path, "sim"), (tmp_path, "sim2"), (tmp_path / "other", "sim")]
    made = await asyncio.gather(*(in_parts(TOY, 50).propagate(None, *place) for place in places))
    assert [steps_of(parts[0]) for parts in made] == [grid(50)] * 3


async def test_same_folder_by_another_name(manager, tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    task = asyncio.create_task(conditional(TOY).propagate(None, tmp_path, "sim"))
    await begun(tmp_path)
    with pytest.raises(EngineError, match=IN_USE):
        await in_parts(TOY, 50).propagate(None, tmp_path / "link", "sim", continuation=True)
    await ended(task)


async def test_free_again_after_a_failure(manager, tmp_path: Path):
    def broken(traj) -> np.ndarray:
        return np.ones((len(traj), 2))

    with pytest.raises(ValueError, match="one bool per frame"):
        await ConditionalTrajectoryPropagator([broken], **TOY).propagate(None, tmp_path, "sim")
    propagator = ConditionalTrajectoryPropagator([in_b, never], **TOY, max_steps=10**5)
    parts, _ = await propagator.propagate(None, tmp_path, "sim", continuation=True)
    assert parts


async def test_cancelled_at_once(manager, tmp_path: Path):
    task = asyncio.create_task(conditional(TOY).propagate(None, tmp_path, "sim"))
    await asyncio.sleep(0)
    await ended(task)
    assert await in_parts(TOY, 50).propagate(None, tmp_path, "sim", continuation=True)


def test_event_loop_that_was_closed_in_between(runtime, tmp_path: Path):
    files, in_use = EngineFiles(tmp_path, "sim"), SimulationsInUse.current()

    async def begin():
        kept = in_use.used(files, "propagated")
        kept.__enter__()
        return kept

    abandoned = asyncio.run(begin())

    async def again():
        with in_use.used(files, "propagated"):
            abandoned.__exit__(None, None, None)
            with pytest.raises(EngineError, match=IN_USE), in_use.used(files, "propagated"):
                pass

    asyncio.run(again())
