"""One rule for velocities: those of the start are kept, missing ones drawn, and it is said."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from engine_systems import ALANINE, alanine_engine
from gromacs_systems import STEM, gromacs_engine
from topology_files import argon_gro, argon_prmtop, argon_top
from warned import of_users

from asyncmd_jupyter.engines.gromacs.start import has_velocities
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.errors import DrawnVelocitiesWarning
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.testing import ToyEngine

ENGINES = {
    "openmm": lambda **changes: alanine_engine(nstout=10, seed=None, **changes),
    "gromacs": lambda **changes: gromacs_engine(
        nstout=20, seed=-1, output_traj_type="trr", changes=changes
    ),
    "toy": lambda **changes: ToyEngine(launcher="memory", **changes),
}
real = pytest.mark.parametrize(
    "kind", ["openmm", pytest.param("gromacs", marks=pytest.mark.gromacs)]
)
every = pytest.mark.parametrize(
    "kind", ["openmm", pytest.param("gromacs", marks=pytest.mark.gromacs), "toy"]
)


async def first_frame(engine, start, folder: Path, name: str, **options):
    """What a simulation begins with, and the record of its first part."""
    await engine.prepare(start, folder, name, **options)
    part = await engine.run_steps(engine.nstout)
    return read_frame(part, 0), part.provenance


async def moving(engine, folder: Path) -> Trajectory:
    return await engine.generate_velocities(None, folder / "moving.trr")


def without_velocities(start: Trajectory, path: Path) -> Trajectory:
    """The same as a frame of which nobody wrote the velocities."""
    frame = read_frame(start, 0)
    box = np.zeros((3, 3)) if frame.box is None else frame.box
    with path.open("wb") as file:
        write_trr_frame(file, TrrFrame(7, 1.0, box, frame.positions))
    return Trajectory(path, start.structure_path)


def apart(a, b) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


@every
async def test_those_of_a_start_are_kept(manager, tmp_path: Path, kind: str):
    engine = ENGINES[kind]()
    start = await moving(engine, tmp_path)
    frame, record = await first_frame(engine, start, tmp_path, "kept")
    # GROMACS moves velocities onto the constraints once more, half a step away.
    assert apart(frame.velocities, read_frame(start, 0).velocities) < 0.1
    assert "velocities" not in record.content


@every
async def test_new_ones_are_drawn_in_any_case(manager, tmp_path: Path, kind: str):
    engine = ENGINES[kind]()
    start = await moving(engine, tmp_path)
    frame, record = await first_frame(engine, start, tmp_path, "new", velocities="new")
    assert apart(frame.velocities, read_frame(start, 0).velocities) > 0.5
    assert record.content["velocities"] == {
        "from": "drawn",
        "temperature": 300.0,
        "because": "asked for",
    }
    assert "drawn at 300.0 K (asked for)" in record.text()


@every
async def test_what_a_frame_lacks_is_drawn_and_said_once(manager, tmp_path: Path, kind: str):
    engine = ENGINES[kind]()
    start = without_velocities(await moving(engine, tmp_path), tmp_path / "frame.trr")
    with pytest.warns(DrawnVelocitiesWarning, match=r"frame\.trr\).* drawn at 300 K") as said:
        frame, record = await first_frame(engine, start, tmp_path, "drawn")
    assert len(of_users(said)) == 1
    assert np.abs(frame.velocities).max() > 0.01
    assert record.content["velocities"]["because"] == "the start has none"


@every
@pytest.mark.parametrize("velocities", ["keep", "new"])
async def test_it_can_be_asked_beforehand(manager, tmp_path: Path, kind: str, velocities: str):
    engine = ENGINES[kind]()
    has = await moving(engine, tmp_path)
    lacks = without_velocities(has, tmp_path / "frame.trr")
    for start in (has, lacks):
        told = engine.begun_velocities(start, velocities)
        assert told.drawn is (velocities == "new" or start is lacks)
        assert (told.warning is not None) is (velocities == "keep" and start is lacks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DrawnVelocitiesWarning)
            _, record = await first_frame(
                engine, start, tmp_path, f"sim{start is lacks}", velocities=velocities
            )
        assert record.content.get("velocities", {}) == told.to_json()


@pytest.mark.gromacs
async def test_a_path_of_a_trajectory_is_a_frame_too(manager, tmp_path: Path):
    engine = ENGINES["gromacs"]()
    without_velocities(await moving(engine, tmp_path), tmp_path / "frame.trr")
    with pytest.warns(DrawnVelocitiesWarning, match=r"frame\.trr"):
        await engine.prepare(tmp_path / "frame.trr", tmp_path, "drawn")


async def test_a_trajectory_of_a_structure_is_one(manager, tmp_path: Path):
    with pytest.warns(DrawnVelocitiesWarning, match=r"alanine_dipeptide\.pdb"):
        await ENGINES["openmm"]().prepare(Trajectory(ALANINE, ALANINE), tmp_path, "sim")


@pytest.mark.parametrize("start", [None, ALANINE, str(ALANINE)])
async def test_a_structure_is_no_surprise(manager, tmp_path: Path, start):
    frame, record = await first_frame(ENGINES["openmm"](), start, tmp_path, "drawn")
    assert np.abs(frame.velocities).max() > 0.01
    assert record.content["velocities"]["because"] == "the start has none"


@every
@pytest.mark.parametrize("wrong", ["inverted", "", None, True])
async def test_other_words_are_refused(manager, tmp_path: Path, kind: str, wrong):
    with pytest.raises(ValueError, match=r"velocities=.* has to be 'keep'"):
        await ENGINES[kind]().prepare(None, tmp_path, "sim", velocities=wrong)
    assert not list(tmp_path.iterdir())


async def test_without_a_temperature_nothing_can_be_drawn(manager, tmp_path: Path):
    import openmm

    engine = alanine_engine(integrator=openmm.VerletIntegrator(0.001), temperature=None)
    with pytest.raises(ValueError, match="'new' asks for new velocities and the engine has no"):
        await engine.prepare(None, tmp_path, "sim", velocities="new")
    with pytest.raises(ValueError, match="The start has no velocities and the engine has no"):
        await engine.prepare(None, tmp_path, "sim")


@real
async def test_those_of_a_structure_file_count(manager, tmp_path: Path, kind: str):
    """The GRO file of the example has velocities, which both engines begin with."""
    gro = STEM.with_suffix(".gro")
    theirs = read_frame(Trajectory(gro, gro), 0)
    frame, record = await first_frame(ENGINES[kind](), gro, tmp_path, "by-path")
    assert apart(frame.velocities, theirs.velocities) < 0.1
    assert "velocities" not in record.content


@pytest.mark.gromacs
async def test_those_of_the_own_structure_count(manager, tmp_path: Path):
    theirs = read_frame(Trajectory(STEM.with_suffix(".gro"), STEM.with_suffix(".gro")), 0)
    frame, _ = await first_frame(ENGINES["gromacs"](), None, tmp_path, "own")
    assert apart(frame.velocities, theirs.velocities) < 0.1


# OpenMM's reader leaves the closing of the file to the garbage collector.
@pytest.mark.filterwarnings(
    r"ignore:.*argon\.top:pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file"
)
@pytest.mark.parametrize("kind", ["gro", "inpcrd"])
async def test_those_of_coordinates_that_openmm_reads(manager, tmp_path: Path, kind: str):
    theirs = np.array([[0.1, -0.2, 0.3], [0.0, 0.4, -0.5]])
    if kind == "gro":
        gro = argon_gro(tmp_path)
        lines = gro.read_text().splitlines()
        for number, velocity in enumerate(theirs):
            lines[2 + number] += "".join(f"{value:8.4f}" for value in velocity)
        gro.write_text("\n".join(lines) + "\n")
        engine = OpenMMEngine.from_gromacs(argon_top(tmp_path), gro, nstout=10)
    else:
        prmtop, inpcrd = argon_prmtop(tmp_path)
        in_amber = theirs / 0.1 / 20.455  # Angstrom in the unit of time of Amber
        lines = inpcrd.read_text().splitlines()
        lines.insert(3, "".join(f"{value:12.7f}" for value in in_amber.ravel()))
        inpcrd.write_text("\n".join(lines) + "\n")
        engine = OpenMMEngine.from_amber(prmtop, inpcrd, nstout=10)
    frame, record = await first_frame(engine, None, tmp_path, "sim")
    assert frame.velocities == pytest.approx(theirs, abs=1e-4)
    assert "velocities" not in record.content


async def test_those_handed_to_an_engine_count(manager, tmp_path: Path):
    from openmm import unit

    theirs = np.random.default_rng(1).normal(size=(22, 3)).astype(np.float32)
    for velocities in (theirs, 10 * theirs * unit.angstrom / unit.picosecond):
        engine = alanine_engine(nstout=10, velocities=velocities)
        await engine.prepare(None, tmp_path, f"sim{len(list(tmp_path.iterdir()))}")
        first = read_frame(await engine.run_steps(10), 0)
        assert np.allclose(first.velocities, theirs, atol=1e-6)
    with pytest.raises(ValueError, match="velocities has 3 atoms, the system 22"):
        alanine_engine(velocities=theirs[:3])


@pytest.mark.gromacs
class TestGenVel:
    """``gen-vel = yes`` is for the engine's own structure, and replaces nothing."""

    async def test_velocities_of_a_start_are_kept_and_it_is_said(self, manager, tmp_path: Path):
        engine = ENGINES["gromacs"](**{"gen-vel": "yes", "gen-temp": 300})
        start = await moving(engine, tmp_path)
        with pytest.warns(UserWarning, match="gen-vel = yes in .* is not used") as said:
            frame, record = await first_frame(engine, start, tmp_path, "kept")
        assert len(of_users(said)) == 1
        assert apart(frame.velocities, read_frame(start, 0).velocities) < 0.1
        assert record.content["velocities"] == {
            "from": "start",
            "because": "gen-vel = yes is not used",
        }
        assert engine.mdp["gen-vel"] == "yes"

    @pytest.mark.parametrize("own", [True, False])
    async def test_it_draws_what_is_lacking_without_a_word(self, manager, tmp_path: Path, own):
        engine = ENGINES["gromacs"](**{"gen-vel": "yes", "gen-temp": 310})
        start = None
        if not own:
            start = await moving(ENGINES["gromacs"](), tmp_path)
            start = without_velocities(start, tmp_path / "frame.trr")
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            _, record = await first_frame(engine, start, tmp_path, "drawn")
        assert record.content["velocities"] == {
            "from": "drawn",
            "temperature": 310.0,
            "because": "gen-vel = yes",
        }

    async def test_their_kinetic_energy_fluctuates(self, manager, tmp_path: Path):
        """Scaled to one temperature, as grompp does it, gen-temp would stay as it is."""
        engine = ENGINES["gromacs"](**{"gen-vel": "yes", "gen-temp": 310})
        for name in ("a", "b"):
            await engine.prepare(None, tmp_path, name)
        drawn = {
            line.split("=")[1].strip()
            for name in ("a", "b")
            for line in (tmp_path / f"{name}.mdp").read_text().splitlines()
            if line.replace("_", "-").startswith("gen-temp")
        }
        assert len(drawn) == 2

    async def test_the_default_temperature_is_that_of_grompp(self, manager, tmp_path: Path):
        without = dict.fromkeys(("ref-t", "tau-t", "tc-grps", "gen-temp"))
        engine = ENGINES["gromacs"](**{**without, "integrator": "md", "gen-vel": "yes"})
        _, record = await first_frame(engine, None, tmp_path, "drawn")
        assert record.content["velocities"]["temperature"] == 300.0

    async def test_seeds_of_gromacs_may_be_negative(self, manager, tmp_path: Path):
        engine = ENGINES["gromacs"](**{"gen-seed": -572532484})
        assert np.abs(read_frame(await moving(engine, tmp_path), 0).velocities).max() > 0.1


@real
async def test_constraints_leave_a_frame_without_velocities_so(manager, tmp_path: Path, kind: str):
    """Mdrun and OpenMM write zeros, which would be the velocities of a simulation at 0 K."""
    engine = ENGINES[kind]()
    start = without_velocities(await moving(engine, tmp_path), tmp_path / "frame.trr")
    made = await engine.apply_constraints(start, tmp_path / "fixed.trr")
    assert read_frame(made, 0).velocities is None
    kept = await engine.apply_constraints(await moving(engine, tmp_path), tmp_path / "m.trr")
    assert read_frame(kept, 0).velocities is not None


@pytest.mark.gromacs
@pytest.mark.parametrize("kind", ["moving", "still", "zeros"])
def test_those_of_a_gromos_file_count(tmp_path: Path, kind: str):
    lines = STEM.with_suffix(".gro").read_text().splitlines()
    changed = {"still": "", "zeros": "  0.0000" * 3}
    if kind in changed:
        lines[2:-1] = [f"{line[:44]}{changed[kind]}" for line in lines[2:-1]]
    (tmp_path / "a.gro").write_text("\n".join([*lines, ""]))
    command = ["gmx", "-quiet", "editconf", "-f", "a.gro", "-o", "a.g96"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert has_velocities(None, tmp_path / "a.g96") is (kind == "moving")


def test_zeros_in_a_gro_file_are_no_velocities(tmp_path: Path, runtime):
    lines = STEM.with_suffix(".gro").read_text().splitlines()
    zeros = [f"{line[:44]}{'  0.0000' * 3}" for line in lines[2:-1]]
    path = tmp_path / "zeros.gro"
    path.write_text("\n".join([*lines[:2], *zeros, lines[-1]]) + "\n")
    assert not has_velocities(None, path)
    assert has_velocities(None, STEM.with_suffix(".gro"))
    assert read_frame(Trajectory(path, path), 0).velocities is None
