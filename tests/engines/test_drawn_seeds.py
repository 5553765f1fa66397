"""Without a seed one is drawn, which is on record; seeds of GROMACS may be negative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from engine_systems import alanine_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.gromacs import parameters
from asyncmd_jupyter.engines.stepping.seeds import derived_seed
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.testing import ToyEngine

ENGINES = {
    "openmm": lambda seed: alanine_engine(seed=seed, nstout=10),
    "toy": lambda seed: ToyEngine(launcher="memory", seed=seed),
}
each = pytest.mark.parametrize("kind", ENGINES)


async def part_in(engine, folder: Path):
    folder.mkdir()
    await engine.prepare(None, folder, "sim")
    return await engine.run_steps(engine.nstout)


def content(trajectory) -> bytes:
    return trajectory.paths[0].read_bytes()


@each
async def test_the_one_on_record_gives_the_same_once_more(manager, tmp_path: Path, kind: str):
    engine = ENGINES[kind](None)
    first = await part_in(engine, tmp_path / "first")
    other = await part_in(engine, tmp_path / "other")
    assert content(first) != content(other)
    for number, part in enumerate((first, other)):
        seed = part.provenance.seeds["seed"]
        again = await part_in(ENGINES[kind](seed), tmp_path / f"again{number}")
        assert content(again) == content(part)
        assert again.provenance.seeds == part.provenance.seeds


@each
async def test_it_stays_that_of_the_simulation(manager, tmp_path: Path, kind: str):
    engine = ENGINES[kind](None)
    first = await part_in(engine, tmp_path / "sim")
    other = ENGINES[kind](None)
    await other.prepare_from_files(tmp_path / "sim", "sim")
    second = await other.run_steps(2 * engine.nstout)
    assert second.provenance.seeds == first.provenance.seeds != {}


@each
async def test_that_of_velocities(manager, tmp_path: Path, kind: str):
    made = await ENGINES[kind](None).generate_velocities(None, tmp_path / "drawn.trr")
    seed = made.provenance.seeds["seed"]
    (tmp_path / "again").mkdir()
    again = await ENGINES[kind](seed).generate_velocities(None, tmp_path / "again" / "drawn.trr")
    assert content(again) == content(made)


@pytest.mark.parametrize("seed", [-572532484, -1, -(2**63), 0, 5, 2**63])
def test_seeds_may_be_negative(seed: int):
    seeds = [derived_seed(seed, index) for index in range(5)]
    assert len({*seeds}) == 5
    assert min(seeds) >= 0


@pytest.mark.gromacs
class TestGromacs:
    @pytest.mark.parametrize("key", ["gen-seed", "ld-seed"])
    async def test_negative_ones(self, manager, tmp_path: Path, key: str):
        engine = gromacs_engine(output_traj_type="trr", nstout=20, changes={key: -572532484})
        drawn = []
        for number, one in enumerate((engine, engine.clone(), engine.clone(1))):
            made = await one.generate_velocities(None, tmp_path / f"{number}.trr")
            drawn.append(read_frame(made, 0).velocities.tobytes())
        assert len({*drawn}) == 3
        assert engine.clone(1).mdp[key] != engine.clone(2).mdp[key]
        await engine.clone(1).prepare(None, tmp_path, "sim", velocities="new")

    async def test_what_is_drawn_is_on_record(self, manager, tmp_path: Path):
        """Those of `gen-seed` and the kinetic energy, which follows from it."""
        engine = gromacs_engine(seed=-1, output_traj_type="trr", nstout=20)
        await engine.prepare(None, tmp_path, "sim", velocities="new")
        seeds = (await engine.run_steps(20)).provenance.seeds
        assert {"gen-seed", "ld-seed"} <= {*seeds}
        written = parameters.MDP(tmp_path / "sim.mdp")
        assert written["gen-seed"] == seeds["gen-seed"]
        given = gromacs_engine(seed=-1, changes={"gen-seed": seeds["gen-seed"]})
        again = parameters.with_velocities(given.mdp, 22)
        assert again["gen-temp"] == pytest.approx(written["gen-temp"], rel=1e-5)
        assert not np.isclose(written["gen-temp"], 300.0, rtol=1e-4)
