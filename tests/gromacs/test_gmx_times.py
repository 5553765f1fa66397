"""Times of runs whose files begin with another time, and frames off the output grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.gromacs.disk import mend_parts
from asyncmd_jupyter.frames.xdr import TrrFrame, index_frames, write_trr_frame
from asyncmd_jupyter.jupyter.outcome import outcome_record
from asyncmd_jupyter.jupyter.widgets.scene import Scene, hits_in_words
from asyncmd_jupyter.jupyter.widgets.sources import sources_of
from asyncmd_jupyter.jupyter.widgets.words import outcome
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.what_if import what_if


def late(traj) -> np.ndarray:
    return traj.frame_table().steps >= 150


@pytest.mark.gromacs
async def test_all_times_of_a_run_are_those_since_its_start(manager, tmp_path: Path):
    engine = gromacs_engine(nstout=50, changes={"tinit": 100})
    run = start_run(engine, None, until=[late], name="run", workdir=tmp_path, max_steps=500)
    result = await run
    assert result.first_time == pytest.approx(100.0), "files have GROMACS' own clock"
    [walker] = run.snapshot().walkers
    assert (walker.time_done, walker.reached_time, walker.time_limit) == (0.3, 0.3, 1.0)
    assert outcome(run.snapshot()) == "late reached after 0.30 ps, frame 3"
    assert outcome_record(run.snapshot())["walkers"][0]["time_ps"] == 0.3
    series = run.series()
    assert series.times.tolist() == [0.0, 0.1, 0.2, 0.3]
    scene = Scene.of(run.snapshot(), [series])
    assert scene.end == 0.3
    assert hits_in_words(scene) == ["walker 0 reached late at 0.30 ps"]
    [told] = await what_if(run, [late])
    assert told.is_as_it_was
    assert (told.time, told.was_time) == (0.3, 0.3)
    [shown] = sources_of([run])
    assert shown.follow() == 4
    assert shown.times.tolist() == series.times.tolist()
    [of_file] = sources_of([result])
    of_file.follow()
    assert of_file.times.tolist() == pytest.approx([100.0, 100.1, 100.2, 100.3], abs=1e-4)


def write_part(path: Path, steps: list[int]) -> None:
    with path.open("wb") as file:
        for step in steps:
            box, place = np.eye(3, dtype=np.float32), np.zeros((1, 3), np.float32)
            write_trr_frame(file, TrrFrame(step, step * 0.002, box, place, None))


@pytest.mark.parametrize("last", [[0, 10, 20, 23], [0, 10, 20], [7]])
def test_frames_between_two_output_steps_are_cut_off(tmp_path: Path, last: list[int]):
    files = EngineFiles(tmp_path, "sim")
    write_part(files.part(1, "trr"), [0, 10, 13])
    write_part(files.part(2, "trr"), last)
    mend_parts(files, "trr", 10)
    found = [index_frames(files.part(number, "trr")) for number in (1, 2)]
    assert found[0].steps.tolist() == [0, 10]
    assert found[1].steps.tolist() == [step for step in last if step % 10 == 0]
