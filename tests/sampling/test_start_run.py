"""`start_run` can do what the magic can, with the same checks and errors."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from toy_states import in_a, in_b

from asyncmd_jupyter.errors import DrawnVelocitiesWarning
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.sampling.run_asked import spec_of
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import NoModificationFrameExtractor, Trajectory, dry_run

# What the magic calls otherwise, or what belongs to a line only.
CALLED = {
    "--from": "start",
    "--until": "until",
    "--all": "mode",
    "--n": "n_walkers",
    "--continue": "continuation",
    "--walltime": "walltime_per_part",
    "--sbatch": "sbatch_options",
}
OF_LINES = {"--output", "--help"}
OF_DRY_RUNS = {"--dry-run", "--script"}  # dry_run and Rehearsal.scripts


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def engine() -> ToyEngine:
    return ToyEngine(0.0, seed=5, launcher="memory")


async def frames_of_ten() -> Trajectory:
    return await start_run(engine(), steps=100, name="first")


def position(trajectory, frame: int) -> float:
    return float(read_frame(trajectory, frame).positions[0, 0])


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def test_it_has_all_options_of_the_magic():
    from asyncmd_jupyter.jupyter.parsers import option_names
    from asyncmd_jupyter.jupyter.registry import command_named

    known = inspect.signature(start_run).parameters
    for option in set(option_names(command_named("propagate"))) - OF_LINES - OF_DRY_RUNS:
        assert CALLED.get(option, option[2:].replace("-", "_")) in known


@pytest.mark.parametrize("length", [{"steps": 100}, {"ps": 100 * engine().dt}])
async def test_a_run_of_a_fixed_length(manager, length):
    run = start_run(engine(), name="run", **length)
    result = await run
    assert run.state is RunState.DONE
    assert result.last_step == 100
    assert run.reached == [()]


async def test_a_limit_as_a_time_also_to_resume(manager):
    run = start_run(engine(), until=[never], name="run", max_ps=100 * engine().dt)
    assert (await run).last_step == 100
    assert run.state is RunState.LIMIT
    with pytest.raises(ValueError, match="Give one of max_steps, max_ps only"):
        run.resume(max_steps=200, max_ps=1.0)
    again = run.resume(max_ps=200 * engine().dt)
    assert (await again).last_step == 200


async def test_what_was_reached_is_told_for_each_walker(manager):
    states = [("a", in_a), ("b", in_b)]
    run = start_run(engine(), until=states, name="run", n_walkers=3)
    assert run.reached == [(), (), ()]
    for result, reached in zip(await run, run.reached, strict=True):
        assert reached == (("b",) if in_b(result)[-1] else ("a",))


async def test_each_walker_has_its_start(manager):
    path = await frames_of_ten()
    extractor = NoModificationFrameExtractor()
    starts = [extractor.extract(f"s{frame}.trr", path, frame) for frame in (2, 7)]
    run = start_run(engine(), starts=starts, steps=20, name="both")
    found = [position(result, 0) for result in await run]
    assert found == pytest.approx([position(path, 2), position(path, 7)])
    with pytest.raises(ValueError, match="There are 2 starts for 3 walkers"):
        start_run(engine(), starts=starts, n_walkers=3, steps=20, name="other")


async def test_of_starts_without_velocities_it_is_said_that_they_are_drawn(manager):
    path = await frames_of_ten()
    bare = await start_run(
        engine(), steps=10, name="bare", velocities="keep"
    )  # a frame of it, as XTC has it
    start = write_xtc(bare)
    with pytest.warns(DrawnVelocitiesWarning):
        run = start_run(engine(), starts=[path, start], steps=10, name="both")
    await run


def write_xtc(trajectory: Trajectory) -> Trajectory:
    import MDAnalysis as mda

    universe = mda.Universe(trajectory.structure_file, *trajectory.trajectory_files)
    universe.trajectory[-1]
    universe.atoms.write("bare.xtc")
    return Trajectory("bare.xtc", trajectory.structure_file)


async def test_it_begins_at_a_frame(manager, in_folder: Path):
    path = await frames_of_ten()
    run = start_run(engine(), path, frame=-2, steps=20, name="again")
    assert run.snapshot().state is RunState.PREPARING
    assert position(await run, 0) == pytest.approx(position(path, -2))
    assert run.spec.start.trajectory_files == ["again/start.trr"]
    back = start_run(engine(), path, velocities="inverted", steps=20, name="back")
    velocities = [read_frame(each, 0).velocities for each in (path, await back)]
    assert velocities[0] == pytest.approx(-velocities[1])


async def test_each_walker_gets_velocities_of_its_own_at_a_frame(manager):
    path = await frames_of_ten()
    run = start_run(engine(), path, frame=3, velocities="new", n_walkers=3, steps=10, name="new")
    results = await run
    assert len({tuple(read_frame(each, 0).velocities[0]) for each in results}) == 3
    assert [position(each, 0) for each in results] == pytest.approx([position(path, 3)] * 3)


async def test_a_frame_that_cannot_be_written_fails_the_run(manager, in_folder: Path):
    path = await frames_of_ten()
    run = start_run(engine(), path, frame=3, steps=10, name="again")
    path.paths[0].unlink()
    with pytest.raises(FileNotFoundError, match="trr"):
        await run
    assert run.state is RunState.FAILED
    assert not (in_folder / "again").exists()


WRONG = {
    "nothing would end the run: give steps or ps": {},
    "steps is the whole length of a run without": {"until": [never], "steps": 10},
    "ps=-1 has to be more than 0": {"ps": -1},
    "max_ps='2' has to be a number": {"until": [never], "max_ps": "2"},
    "Give one of max_steps, ps only": {"max_steps": 10, "ps": 3},
    "steps=2.5 has to be a whole number": {"steps": 2.5},
    "frame=11 does not exist: the start has 11 frames, 0 to 10": {"frame": 11, "steps": 10},
    "frame=2 needs a start": {"start": None, "frame": 2, "steps": 10},
    "frame=2 can't be combined with continuation": {
        "frame": 2,
        "steps": 10,
        "continuation": True,
    },
    "start is one for all walkers": {"start": ["path"], "steps": 10},
    r"Give either start or starts=\[": {"starts": ["path"], "steps": 10},
    r"starts=\[\] holds no start": {"start": None, "starts": [], "steps": 10},
    "velocities='old' has to be one of keep, new, inverted": {"velocities": "old", "steps": 10},
    "are for launcher slurm": {"launcher": "local", "sbatch_options": {"time": 5}, "steps": 10},
}


async def test_a_dry_run_tells_what_would_be_done(manager, in_folder: Path):
    path = await frames_of_ten()
    before = sorted(in_folder.rglob("*"))
    told = str(dry_run(engine(), path, frame=2, until=[never], max_ps=3, name="x", n_walkers=2))
    assert "Run 'x': 2 walkers of ToyEngine, until never, at most 300 steps (3 ps)" in told
    for message, given in WRONG.items():
        with pytest.raises((ValueError, TypeError, IndexError), match=message):
            dry_run(engine(), name="x", **{"start": path, **given})
    assert sorted(in_folder.rglob("*")) == before
    assert inspect.signature(spec_of).parameters.keys() == (
        inspect.signature(start_run).parameters.keys() - {"overwrite"}
    )


@pytest.mark.parametrize("message", WRONG)
async def test_what_is_refused(manager, in_folder: Path, message):
    path = await frames_of_ten()
    given = {"start": path, **WRONG[message]}
    with pytest.raises((ValueError, TypeError, IndexError), match=message):
        start_run(engine(), name="other", **given)
    assert not (in_folder / "other").exists()
    assert not Runs.current().is_active("other")


def test_without_an_event_loop_the_way_out_is_named(in_folder: Path):
    with pytest.raises(RuntimeError, match=r"^start_run .* asyncio\.run\(main\(\)\)"):
        start_run(engine(), steps=10, name="run")
    assert not Runs.current().is_active("run")


async def test_where_its_jobs_go_can_be_chosen_for_a_run(manager):
    local = ToyEngine(0.0, seed=5, launcher="local")
    run = start_run(local, steps=10, name="run", launcher="memory")
    await run
    assert (run.spec.engine.launcher, local.launcher) == ("memory", "local")
