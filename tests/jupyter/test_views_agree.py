"""All parts of a view say the same of a real run, computed by the toy engine."""

import asyncio

import numpy as np
import pytest

from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.widgets.run import RunView
from asyncmd_jupyter.jupyter.widgets.words import picoseconds
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main


@pytest.fixture
async def jobs(here):
    manager = JobManager.current()
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    yield manager
    here.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


def position(traj):
    with open_universe(traj.structure_path, traj.paths) as universe:
        return np.array([ts.positions[0, 0] / 10 for ts in universe.trajectory])


async def seen(view):
    """What the parts of an ended run's view show: time, frame and what is said of them."""
    await asyncio.wait_for(view.closed(), 60)
    return {
        "head": view.text().partition("\n\n")[0],
        "plot": view.plot.widget.alt,
        "preview": view.preview._player._said.value,
        "slider": view.preview._player._slider.max,
        "row": view.table.rows()[0]["progress"],
    }


async def test_of_a_walker_that_arrived(jobs, wire):
    arrived = Within(position, 0.2, 9, name="arrived")
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    run = start_run(engine, None, until=[(None, arrived)], name="run")
    view = RunView(run, jobs).open()
    result = await run
    shown = await seen(view)
    time, last = picoseconds(result.last_time), len(result) - 1
    assert f"arrived reached after {time}, frame {last}." in shown["head"]
    assert f"{time} done; {result.last_step:,} steps" in shown["head"]
    assert f"over {time};" in shown["plot"]
    assert f"walker 0 reached arrived at {time}" in shown["plot"]
    assert shown["preview"] == f"{time}, frame {last}"
    assert shown["slider"] == last
    assert shown["row"] == f"{time}, {result.last_step:,} steps"


async def test_of_a_walker_that_was_cancelled(jobs, wire):
    never = Within(position, 90, 91, name="never")
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    run = start_run(engine, None, until=[(None, never)], name="run")
    view = RunView(run, jobs).open()
    while run.snapshot().walkers[0].n_frames < 100:
        await asyncio.sleep(0.02)
    await run.cancel()
    shown = await seen(view)
    walker = run.snapshot().walkers[0]
    time = picoseconds(walker.time_done)
    assert f"cancelled after {time}." in shown["head"]
    assert shown["row"] == f"{time}, {walker.steps_done:,} steps"
    # Frames that came between the last look and the end are on disk and shown.
    on_disk = view.preview.source
    assert shown["slider"] == len(on_disk) - 1 >= walker.n_frames - 1
    assert shown["preview"] == f"{picoseconds(on_disk.times[-1])}, frame {shown['slider']}"
