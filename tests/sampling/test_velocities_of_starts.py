"""Velocities of starts in propagators and runs: kept, or drawn and said once."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from own_engine import DriftEngine
from toy_states import in_b
from warned import of_users

from asyncmd_jupyter.errors import DrawnVelocitiesWarning
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.sampling.dry_run import rehearse
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.states import as_condition
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import Trajectory


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


PROPAGATORS = {
    "conditional": lambda engine: ConditionalTrajectoryPropagator.from_engine(
        engine, [never, in_b], walltime_per_part=1, max_steps=10**6
    ),
    "in parts": lambda engine: InPartsTrajectoryPropagator.from_engine(
        engine, 100, walltime_per_part=1
    ),
}
each = pytest.mark.parametrize("kind", PROPAGATORS)


def toy(**changes) -> ToyEngine:
    return ToyEngine(0.0, **{"launcher": "memory", **changes})


async def moving(folder: Path) -> Trajectory:
    return await toy().generate_velocities(None, folder / "moving.trr")


async def still(folder: Path) -> Trajectory:
    """A frame without velocities."""
    start, path = await moving(folder), folder / "still.trr"
    frame = read_frame(start, 0)
    with path.open("wb") as file:
        write_trr_frame(file, TrrFrame(0, 0.0, np.zeros((3, 3)), frame.positions))
    return Trajectory(path, start.structure_path)


def first_of(result) -> Trajectory:
    parts = result[0] if isinstance(result, tuple) else result
    return parts[0] if isinstance(parts, list) else parts


@each
async def test_they_are_kept_unless_new_ones_are_wanted(manager, tmp_path: Path, kind: str):
    start = await moving(tmp_path)
    theirs = read_frame(start, 0).velocities
    for name, options, same in (
        ("kept", {}, True),
        ("also", {"velocities": "keep"}, True),
        ("new", {"velocities": "new"}, False),
    ):
        made = await PROPAGATORS[kind](toy()).propagate(start, tmp_path, name, **options)
        assert np.array_equal(read_frame(first_of(made), 0).velocities, theirs) is same


@each
async def test_what_is_lacking_is_said_once(manager, tmp_path: Path, kind: str):
    start = await still(tmp_path)
    propagator = PROPAGATORS[kind](toy())
    with pytest.warns(DrawnVelocitiesWarning, match=r"still\.trr") as said:
        await propagator.propagate_and_concatenate(
            start, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
        )
    assert len(of_users(said)) == 1
    record = Trajectory(tmp_path / "sim.part0001.trr", tmp_path / "sim.pdb").provenance
    assert record.content["velocities"]["from"] == "drawn"


@each
async def test_new_ones_with_a_join(manager, tmp_path: Path, kind: str):
    start = await still(tmp_path)
    made = await PROPAGATORS[kind](toy()).propagate_and_concatenate(
        start, tmp_path, "sim", tra_out=tmp_path / "joined.trr", velocities="new"
    )
    joined = made[0] if isinstance(made, tuple) else made
    assert np.any(read_frame(joined, 0).velocities)


@each
async def test_other_words_are_refused_before_anything(manager, tmp_path: Path, kind: str):
    with pytest.raises(ValueError, match="velocities='inverted' has to be 'keep'"):
        await PROPAGATORS[kind](toy()).propagate(None, tmp_path, "sim", velocities="inverted")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", ["new", "fast"])
async def test_an_engine_that_can_not_draw_is_named(manager, tmp_path: Path, wrong: str):
    propagator = ConditionalTrajectoryPropagator(
        [never], engine_cls=DriftEngine, engine_kwargs={}, walltime_per_part=1, max_steps=40
    )
    said = "DriftEngine.prepare takes no such keyword" if wrong == "new" else "has to be 'keep'"
    with pytest.raises((TypeError, ValueError), match=said):
        await propagator.propagate(None, tmp_path, "sim", velocities=wrong)


async def test_an_interrupted_simulation_draws_once(manager, tmp_path: Path):
    start, engine = await moving(tmp_path), toy(seed=4)
    short = InPartsTrajectoryPropagator.from_engine(engine, 50, walltime_per_part=1)
    await short.propagate(start, tmp_path, "sim", velocities="new")
    longer = InPartsTrajectoryPropagator.from_engine(engine, 100, walltime_per_part=1)
    parts = await longer.propagate(start, tmp_path, "sim", continuation=True, velocities="new")
    last, first = read_frame(parts[0], -1), read_frame(parts[1], 0)
    gone = np.abs(first.positions - last.positions).max()
    assert gone < 0.2, "it goes on where it was"
    assert "velocities" not in parts[1].provenance.content


class TestRuns:
    async def test_walkers_get_new_ones_of_their_own(self, manager, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        start = await moving(tmp_path)
        run = start_run(
            toy(seed=3), start, until=[never], name="new", n_walkers=3, max_steps=50,
            velocities="new",
        )  # fmt: skip
        drawn = {read_frame(made, 0).velocities.tobytes() for made in await run}
        assert len(drawn | {read_frame(start, 0).velocities.tobytes()}) == 4

    async def test_one_warning_for_all_walkers(self, manager, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        start = await still(tmp_path)
        with pytest.warns(DrawnVelocitiesWarning) as said:
            run = start_run(toy(), start, until=[never], name="all", n_walkers=4, max_steps=20)
        assert len(of_users(said)) == 1, "said before a cell ends that starts it"
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            await run

    async def test_a_dry_run_says_it_too(self, manager, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        start = await still(tmp_path)
        spec = RunSpec(toy(), start, (as_condition(never),), "all", tmp_path, max_steps=20)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            told = rehearse(spec).text()
        assert "still.trr): new ones are drawn at 300 K" in told
        assert "velocities" not in rehearse(replace(spec, start=await moving(tmp_path))).text()

    async def test_wrong_ones_start_nothing(self, manager, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for engine, wrong, error in (
            (toy(), "inverted", ValueError),
            (DriftEngine(), "new", TypeError),
        ):
            with pytest.raises(error, match="velocities="):
                start_run(engine, None, until=[never], name="x", max_steps=50, velocities=wrong)
        assert not list(tmp_path.iterdir())

    async def test_a_start_at_rest_is_no_surprise(self, manager, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        made = await start_run(toy(), None, until=[never], name="x", max_steps=20)
        assert np.any(read_frame(made, 0).velocities)
