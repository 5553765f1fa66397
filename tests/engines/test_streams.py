"""No two simulations of an engine with a fixed seed share their noise; a script repeats itself."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from engine_systems import alanine_engine, double_well_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.streams import Stream, digest_of
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.propagate import InPartsTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine

N_SHOTS = 100


def toy(**changes) -> ToyEngine:
    return ToyEngine(**{"x": 0.0, "seed": 5, "launcher": "memory", **changes})


ENGINES = {
    "toy": toy,
    "openmm": alanine_engine,
    "openmm model": double_well_engine,
    "gromacs": lambda: gromacs_engine(output_traj_type="trr", nstout=50),
}


@pytest.fixture(
    params=[
        pytest.param(make, id=name, marks=[pytest.mark.gromacs] if name == "gromacs" else [])
        for name, make in ENGINES.items()
    ]
)
def make(request: pytest.FixtureRequest) -> Callable:
    return request.param


def made_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def part_of(engine, folder: Path, name: str = "sim", start=None) -> Trajectory:
    await engine.prepare(start, made_in(folder), name)
    return await engine.run_steps(2 * engine.nstout)


def last(trajectory: Trajectory) -> bytes:
    return read_frame(trajectory, -1).positions.tobytes()


def shots_with(n_steps: int, **changes) -> InPartsTrajectoryPropagator:
    kwargs = {"x": 0.0, "seed": 5, "launcher": "memory", **changes}
    return InPartsTrajectoryPropagator(
        n_steps, engine_cls=ToyEngine, engine_kwargs=kwargs, walltime_per_part=1.0
    )


async def shoot(propagator, folder: Path, name: str, start=None, **kwargs) -> bytes:
    [part] = await propagator.propagate(start, made_in(folder), name, **kwargs)
    return part.paths[0].read_bytes()


def names_differ(folder: Path, number: int) -> tuple[Path, str]:
    return folder, f"shot_{number}"


def folders_differ(folder: Path, number: int) -> tuple[Path, str]:
    return folder / f"shot_{number}", "shot"


@pytest.mark.parametrize(("place", "from_engine"), [(names_differ, False), (folders_differ, True)])
async def test_a_hundred_shots(manager, tmp_path: Path, place, from_engine):
    async def script(folder: Path, n_shots: int = N_SHOTS) -> list[bytes]:
        propagator = shots_with(20)
        if from_engine:
            propagator = InPartsTrajectoryPropagator.from_engine(toy(), 20, walltime_per_part=1.0)
        calls = (shoot(propagator, *place(folder, n)) for n in range(n_shots))
        return await asyncio.gather(*calls)

    shots = await script(tmp_path / "once")
    assert len({*shots}) == N_SHOTS
    assert await script(tmp_path / "again", 20) == shots[:20]


async def test_one_name_and_folder_for_all_shots(manager, tmp_path: Path):
    async def script(folder: Path) -> list[bytes]:
        propagator, shots = shots_with(20), []
        for _ in range(10):
            shots.append(await shoot(propagator, folder, "shot"))
            await propagator.remove_parts(folder, "shot")
        return shots

    shots = await script(tmp_path / "once")
    assert len({*shots}) == 10
    assert await script(tmp_path / "again") == shots


async def test_each_kind_of_engine(make, manager, tmp_path: Path):
    engine = make()
    ends = [
        last(await part_of(engine.clone(), tmp_path / "a", "one")),
        last(await part_of(engine.clone(), tmp_path / "a", "two")),
        last(await part_of(engine.clone(), tmp_path / "b", "one")),
        last(await part_of(engine.clone(1), tmp_path / "c", "one")),
    ]
    assert len({*ends}) == 4
    again = make()
    assert last(await part_of(again.clone(1), tmp_path / "d", "one")) == ends[3]
    assert last(await part_of(again.clone(), tmp_path / "e", "one")) == ends[0]
    assert last(await part_of(again.clone(), tmp_path / "f", "one")) == ends[2]
    for anew in (pickle.loads(pickle.dumps(make())), copy.deepcopy(engine)):
        folder = tmp_path / str(id(anew))
        assert last(await part_of(anew, folder, "one")) == ends[0]


async def test_velocities_are_drawn_anew_by_each_call(make, manager, tmp_path: Path):
    async def script(folder: Path) -> list[bytes]:
        engine = make()
        places = [("a", "one"), ("a", "one"), ("a", "two"), ("b", "one")]
        drawn = []
        for place, name in places:
            target = made_in(folder / place) / f"{name}.trr"
            made = await engine.generate_velocities(None, target, workdir=folder)
            drawn.append(read_frame(made, 0).velocities.tobytes())
        return drawn

    drawn = await script(tmp_path / "once")
    assert len({*drawn}) == 4
    assert await script(tmp_path / "again") == drawn


async def frames_of_two_walkers(engines, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    ends = []
    for number, (engine, x) in enumerate(zip(engines, (-0.25, 0.25), strict=True)):
        start = await toy(x=x).generate_velocities(None, folder / f"x{number}.trr")
        [part] = await InPartsTrajectoryPropagator.from_engine(
            engine, 40_000, walltime_per_part=1.0
        ).propagate(start, made_in(folder / str(number)), "walker")
        content = np.frombuffer(part.paths[0].read_bytes(), np.uint8).reshape(len(part), -1)
        ends.append(content[:, -24:].copy().view(">f4").astype(float))
    return ends[0][100:], ends[1][100:]


async def test_walkers_from_different_starts_stay_different(manager, tmp_path: Path):
    """Those with the same noise fall into step: across the wells the force is harmonic.

    y, z, vy and vz of 3,900 frames, correlated over 0.5 ps, so that there are at least 700
    independent values: a correlation by chance has a width of 0.04, and one of 0.25 in any of
    the eight comparisons a chance below 1e-8.
    """
    engine = toy()
    for engines in ((engine, engine), (toy(), toy())):
        folder = made_in(tmp_path / str(id(engines)))
        one, other = await frames_of_two_walkers(engines, folder)
        for column in (1, 2, 4, 5):
            assert abs(np.corrcoef(one[:, column], other[:, column])[0, 1]) < 0.25


@pytest.mark.parametrize("n_parts", [2, 5])
async def test_parts_are_the_whole(manager, tmp_path: Path, n_parts):
    whole = await shoot(shots_with(100), tmp_path / "whole", "sim")
    propagator = shots_with(100)
    for number in range(1, n_parts + 1):
        propagator.n_steps = 100 * number // n_parts
        parts = await propagator.propagate(
            None, made_in(tmp_path / "parts"), "sim", continuation=number > 1
        )
    assert len(parts) == n_parts
    assert b"".join(part.paths[0].read_bytes() for part in parts) == whole


async def test_gone_on_with_elsewhere_by_another_object(manager, tmp_path: Path):
    whole = await shoot(shots_with(100), tmp_path / "whole", "sim")
    engine = toy()
    await part_of(engine.clone(), tmp_path / "x", "sim")
    second = engine.clone()
    await second.prepare(None, made_in(tmp_path / "before"), "sim")
    stream = second.clone()
    shutil.move(tmp_path / "before", tmp_path / "moved")
    await stream.prepare_from_files(tmp_path / "moved", "sim")
    moved = await stream.run_steps(100)
    assert moved.paths[0].read_bytes() != whole, "it was begun as the second"
    spec = json.loads((tmp_path / "moved" / "sim.part0001.json").read_text())
    told = moved.provenance.seeds
    assert told == {"seed": 5, "stream": spec["physics"]["seed"], "repeat": 1}


async def test_after_a_restart_of_the_kernel_it_counts_on(manager, tmp_path: Path):
    shots = [await shoot(p, tmp_path / str(n), "shot") for p in [shots_with(20)] for n in range(4)]
    propagator = shots_with(20)
    again = [await shoot(propagator, tmp_path / "2", "shot", continuation=True)]
    new = [await shoot(propagator, tmp_path / str(n), "shot") for n in (4, 5)]
    assert again == [shots[2]]
    assert not {*new} & {*shots[:3]}
    assert len({*new}) == 2


async def test_begun_again_before_its_first_frame_it_is_the_same(manager, tmp_path: Path):
    expected = await shoot(shots_with(20), tmp_path / "undisturbed", "sim")
    engine = toy()
    await engine.prepare(None, made_in(tmp_path / "sim"), "sim")
    propagator = InPartsTrajectoryPropagator.from_engine(engine, 20, walltime_per_part=1.0)
    assert await shoot(propagator, tmp_path / "sim", "sim", continuation=True) == expected


async def test_equal_starts_in_two_files(manager, tmp_path: Path):
    one = await toy().generate_velocities(None, tmp_path / "one.trr")
    shutil.copy(tmp_path / "one.trr", tmp_path / "two.trr")
    two = Trajectory(tmp_path / "two.trr", one.structure_path)
    propagator = shots_with(20)
    shots = [await shoot(propagator, tmp_path / str(s.paths[0].stem), "s", s) for s in (one, two)]
    assert shots[0] != shots[1]


async def test_without_a_seed_nothing_is_repeated(manager, tmp_path: Path):
    shots = [await shoot(shots_with(20, seed=None), tmp_path / f"{n}", "shot") for n in range(2)]
    assert shots[0] != shots[1]


async def test_of_an_earlier_version(manager, tmp_path: Path):
    """Simulations that have no stream beside them go on with the seed alone."""
    engine = toy()
    await engine.prepare(None, tmp_path, "sim")
    facts = json.loads((tmp_path / "sim.engine.json").read_text())
    del facts["stream"]
    (tmp_path / "sim.engine.json").write_text(json.dumps(facts))
    await engine.prepare_from_files(tmp_path, "sim")
    await engine.run_steps(20)
    spec = json.loads((tmp_path / "sim.part0001.json").read_text())
    assert spec["physics"]["seed"] == 5


@pytest.mark.gromacs
async def test_seeds_that_gromacs_is_given(manager, tmp_path: Path):
    engine = gromacs_engine(seed=5, changes={"gen-vel": "yes"})
    seeds = []
    for name in ("one", "two"):
        part = await part_of(engine.clone(), tmp_path, name)
        told = part.provenance.seeds
        log = (tmp_path / f"{name}.part0001.log").read_text()
        assert f"ld-seed                        = {told['ld-seed']}\n" in log
        assert (told["given-ld-seed"], told["given-gen-seed"]) == (5, 5)
        seeds += [told["ld-seed"], told["gen-seed"]]
    assert len({*seeds, 5, -1}) == 6
    assert engine.mdp["ld-seed"] == 5


@pytest.mark.gromacs
async def test_seeds_that_gromacs_draws_stay_drawn(manager, tmp_path: Path):
    engine = gromacs_engine(seed=-1)
    await engine.prepare(None, tmp_path, "sim")
    assert "ld-seed" in (text := (tmp_path / "sim.mdp").read_text())
    assert "-1" in next(line for line in text.splitlines() if line.startswith("ld-seed"))


def test_seeds_of_streams_are_apart():
    streams = [Stream(name, "00", repeat) for name in ("a", "b") for repeat in range(500)]
    seeds = [stream.seed(seed) for stream in streams for seed in (0, 1)]
    assert len({*seeds}) == len(seeds)
    assert all(0 < seed < 2**62 for seed in seeds)
    assert all(0 < stream.seed(1, bits=31) < 2**31 for stream in streams)


def test_digests_tell_starts_apart():
    at, box = np.ones((2, 3)), np.eye(3)
    kinds = [(at, None, None), (at, at, None), (at, -at, None), (at, None, box), (at, at, box)]
    for one, other in combinations(kinds, 2):
        assert digest_of(*one) != digest_of(*other)
    assert digest_of(at, -0.0 * at, box) == digest_of(at.astype("f4"), 0 * at, box)
