"""New runs from a frame of an earlier one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_systems import alanine_engine
from gromacs_systems import gromacs_engine
from toy_states import in_a, in_b
from warned import of_users

from asyncmd_jupyter.errors import DrawnVelocitiesWarning
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.mdengine import MDEngine
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.restart import restart_from, suggested_name
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import Trajectory


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def short_run(engine, steps: int, **options):
    """A run that ends with its step limit."""
    run = start_run(engine, None, until=[("never", never)], name="first", max_steps=steps)
    run.spec = replace(run.spec, **options)
    return run, await run


async def toy_run():
    return await short_run(ToyEngine(0.0, seed=5, launcher="memory"), 200)


def same(a, b, tolerance=0.0):
    return a.shape == b.shape and np.allclose(a, b, rtol=0, atol=tolerance)


def apart(a, b):
    """How far apart velocities are, as a fraction of their size."""
    return np.linalg.norm(a - b) / np.linalg.norm(b)


async def started(run):
    """The first frame that a run computed, for each of its walkers."""
    results = await run
    return [read_frame(r, 0) for r in (results if isinstance(results, list) else [results])]


ENGINES = {
    "openmm": lambda: alanine_engine(nstout=10),
    "gromacs": lambda: gromacs_engine(nstout=20, output_traj_type="trr"),
    # gen-vel would replace the velocities that the frame has.
    "gromacs that draws": lambda: gromacs_engine(
        nstout=20, output_traj_type="trr", changes={"gen-vel": "yes", "gen-temp": 300}
    ),
}


@pytest.mark.parametrize(
    "engine",
    [
        "openmm",
        pytest.param("gromacs", marks=pytest.mark.gromacs),
        pytest.param("gromacs that draws", marks=pytest.mark.gromacs),
    ],
)
async def test_a_real_run_begins_at_that_frame(manager, engine):
    first, trajectory = await short_run(ENGINES[engine](), 100)
    frame = read_frame(trajectory, 3)
    kept = await started(await restart_from(first, trajectory, 3, name="kept", n=2))
    back = await started(
        await restart_from(first, trajectory, 3, name="back", velocities="inverted")
    )
    new = await started(await restart_from(first, trajectory, 3, name="new", velocities="new"))
    for start in (*kept, *back, *new):
        assert same(start.positions, frame.positions, 1e-3)
        assert start.step == 0
    # GROMACS moves velocities onto the constraints again, half a step away.
    assert all(apart(start.velocities, frame.velocities) < 0.1 for start in kept)
    assert apart(back[0].velocities, -frame.velocities) < 0.1
    assert apart(new[0].velocities, frame.velocities) > 0.8
    assert len(kept) == 2


async def test_the_order_is_that_of_the_first_run(manager, in_folder):
    first, trajectory = await toy_run()
    run = await restart_from(first, trajectory, 7, name="again")
    assert run.spec.until == first.spec.until
    assert run.spec.max_steps == 200
    assert run.spec.engine is first.spec.engine
    assert run.workdir == in_folder / "again"
    result = await run
    assert run.state is RunState.LIMIT
    assert same(read_frame(result, 0).positions, read_frame(trajectory, 7).positions)
    assert Trajectory("again/start.trr", trajectory.structure_file).first_step == 70


async def test_each_walker_gets_new_velocities_of_its_own(manager, in_folder):
    first, trajectory = await toy_run()
    run = await restart_from(first.spec, trajectory, -1, name="new", n=3, velocities="new")
    starts = await started(run)
    velocities = {tuple(frame.velocities[0].tolist()) for frame in starts}
    assert len(velocities) == 3
    assert {path.name for path in (in_folder / "new").glob("start*")} >= {
        f"start_{i}.trr" for i in range(3)
    }


async def test_new_velocities_have_the_wanted_temperature(manager):
    first, trajectory = await short_run(alanine_engine(nstout=10), 20)
    cold = await restart_from(
        first, trajectory, 0, name="cold", n=8, velocities="new", temperature=1
    )
    speeds = [np.abs(read_frame(start, 0).velocities).max() for start in cold.spec.starts]
    assert max(speeds) < 0.6
    await cold.cancel()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"name": "first"}, ValueError, "'first' is in use"),
        ({"name": "a b"}, ValueError, "use letters"),
        ({"velocities": "none"}, ValueError, "one of keep, new, inverted"),
        ({"n": 0}, ValueError, "n=0"),
        ({"frame": 99}, IndexError, "no frame 99"),
        ({"temperature": 300}, ValueError, "only with velocities='new'"),
        ({"velocities": "new", "temperature": -1}, ValueError, "not possible"),
    ],
)
async def test_what_can_not_be_leaves_nothing(manager, in_folder, options, error, said):
    first, trajectory = await toy_run()
    before = sorted(in_folder.rglob("*"))
    with pytest.raises(error, match=said):
        await restart_from(first, trajectory, **{"name": "other", "frame": 1, **options})
    assert sorted(in_folder.rglob("*")) == before
    assert [run.id for run in Runs.current().all()] == ["first"]


async def test_a_format_without_velocities_is_named(manager, in_folder):
    first, trajectory = await short_run(alanine_engine(nstout=10, output_traj_type="xtc"), 50)
    with pytest.raises(
        ValueError, match=r"no velocities to invert .*XTC files hold none.*new"
    ) as caught:
        await restart_from(first, trajectory, 2, name="other", velocities="inverted")
    assert "frame 2 of first/first.xtc" in str(caught.value)
    assert not (in_folder / "other").exists()
    with pytest.warns(DrawnVelocitiesWarning, match=r"first\.xtc.*drawn at 300 K") as said:
        run = await restart_from(first, trajectory, 2, name="other", n=2)
    assert len(of_users(said)) == 1
    assert "random velocities at 300 K" in run.spec.starts[0].provenance.text()
    await run
    start, another = [read_frame(one, 0) for one in run.spec.starts]
    assert same(start.positions, read_frame(trajectory, 2).positions, 1e-3)
    assert apart(start.velocities, another.velocities) > 0.5
    assert same(start.positions, read_frame(trajectory, 2).positions, 1e-3)


async def test_a_start_that_fails_is_taken_away_again(manager, in_folder):
    first, trajectory = await toy_run()
    spec = replace(first.spec, until=(in_a, in_b), mode="some")
    with pytest.raises(ValueError, match="some"):
        await restart_from(spec, trajectory, 1, name="other", velocities="new", n=2)
    assert not (in_folder / "other").exists()


async def test_no_run_is_refused(manager):
    _, trajectory = await toy_run()
    with pytest.raises(TypeError, match="neither a Run nor a RunSpec"):
        await restart_from("first", trajectory, name="other")


async def test_names_count_on(manager, in_folder):
    first, _ = await toy_run()
    assert suggested_name(first.spec) == "first-2"
    (in_folder / "first-2").mkdir()
    assert suggested_name(first.spec) == "first-3"
    assert suggested_name(replace(first.spec, name="first-2")) == "first-3"


async def test_overwrites_an_earlier_run_when_asked(manager):
    run, path = await toy_run()
    for frame in (5, 10):
        again = await restart_from(run, path, frame, name="again", overwrite=True)
        (begun,) = await started(again)
        assert same(begun.positions, read_frame(path, frame).positions)


async def test_never_overwrites_its_own_start(manager):
    run, path = await toy_run()
    with pytest.raises(ValueError, match="which would be overwritten"):
        await restart_from(run, path, 5, name="first", overwrite=True)
    assert all(file.exists() for file in path.paths)


async def test_a_name_like_that_of_the_start(manager):
    run, path = await toy_run()
    with pytest.raises(ValueError, match="called start"):
        await restart_from(run, path, 5, name="start")


class OwnDraw(ToyEngine):
    """An engine that does not say what its velocities have to fulfil."""

    constraints = None


class Unknown(ToyEngine):
    """An engine that does not know its masses."""

    masses = MDEngine.masses
    constraints = MDEngine.constraints


@pytest.mark.parametrize("kind", [OwnDraw, Unknown])
async def test_an_engine_draws_itself_where_masses_do_not_say_all(manager, in_folder, kind):
    # 3 degrees of freedom of one particle of 40 amu at 75 K, 30 draws: the mean square has an
    # error of sqrt(2 / 90) = 15 %, and 4 of these are far from the 300 % of 300 K.
    first, trajectory = await short_run(kind(0.0, seed=5, launcher="memory"), 200)
    run = await restart_from(
        first, trajectory, 2, name="own", n=30, velocities="new", temperature=75
    )
    frames = [read_frame(start, 0) for start in run.spec.starts]
    assert all(same(one.positions, read_frame(trajectory, 2).positions, 1e-6) for one in frames)
    drawn = np.array([one.velocities for one in frames])
    assert 40 * (drawn**2).mean() / 0.00831446 == pytest.approx(75, rel=0.6)
    assert len({one.tobytes() for one in drawn}) == 30
    await run.cancel()
    assert not list((in_folder / "own").glob(".velocities*"))
