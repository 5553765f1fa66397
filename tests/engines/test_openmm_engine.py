"""What is special about the OpenMM engine."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest
from engine_harness import all_frames
from engine_systems import ALANINE, FORCE_FIELD, alanine_engine, alanine_parts, double_well_engine
from openmm import app, unit
from topology_files import argon_gro, argon_prmtop, argon_top, water_box_pdb

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

KT = 0.00831446261815324 * 300


async def one_frame(engine: OpenMMEngine, folder: Path) -> Trajectory:
    await engine.prepare(None, folder, "sim")
    return await engine.run_steps(engine.nstout)


def checkpoint_platform(folder: Path) -> str:
    from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint

    return Checkpoint.read(folder / "sim.cpt").progress.platform


class TestSources:
    async def test_pdb(self, manager, tmp_path: Path):
        engine = OpenMMEngine.from_pdb(ALANINE, *FORCE_FIELD, nstout=10)
        assert engine.n_atoms == 22
        trajectory = await one_frame(engine, tmp_path)
        assert len(trajectory) == 2
        assert trajectory.structure_path == tmp_path / "sim.pdb"

    async def test_periodic_pdb_gets_pme(self, manager, tmp_path: Path):
        pdb = water_box_pdb(tmp_path)
        engine = OpenMMEngine.from_pdb(pdb, "amber14/tip3p.xml", nstout=10)
        trajectory = await one_frame(engine, tmp_path)
        assert checkpoint_platform(tmp_path).startswith("CPU"), "PME is slow on Reference"
        assert np.allclose(np.diag(read_frame(trajectory, 1).box), 2.2, atol=1e-6)

    async def test_small_system_without_pme_runs_on_reference(self, manager, tmp_path: Path):
        await one_frame(alanine_engine(), tmp_path)
        assert checkpoint_platform(tmp_path).startswith("Reference")

    async def test_many_particles_run_on_cpu(self, manager, tmp_path: Path):
        await one_frame(double_well_engine(100), tmp_path)
        assert checkpoint_platform(tmp_path).startswith("CPU")

    # OpenMM's reader leaves the closing of the file to the garbage collector.
    @pytest.mark.filterwarnings(
        r"ignore:.*argon\.top:pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file"
    )
    async def test_gromacs(self, manager, tmp_path: Path):
        engine = OpenMMEngine.from_gromacs(argon_top(tmp_path), argon_gro(tmp_path), nstout=10)
        trajectory = await one_frame(engine, tmp_path)
        assert trajectory.n_atoms == engine.n_atoms == 2

    async def test_amber(self, manager, tmp_path: Path):
        prmtop, inpcrd = argon_prmtop(tmp_path)
        engine = OpenMMEngine.from_amber(prmtop, inpcrd, nstout=10)
        trajectory = await one_frame(engine, tmp_path)
        assert trajectory.n_atoms == engine.n_atoms == 2
        assert np.allclose(read_frame(trajectory, 0).positions[1], [0.4, 0, 0], atol=1e-5)

    async def test_amber_without_coordinates_needs_a_start(self, manager, tmp_path: Path):
        engine = OpenMMEngine.from_amber(argon_prmtop(tmp_path)[0])
        with pytest.raises(ValueError, match="without positions"):
            await engine.prepare(None, tmp_path, "sim")

    async def test_start_from_a_path(self, manager, tmp_path: Path):
        engine = alanine_engine()
        await engine.prepare(alanine_dipeptide(tmp_path), tmp_path, "sim")
        assert len(await engine.run_steps(engine.nstout)) == 2

    async def test_own_structure_file(self, manager, tmp_path: Path):
        engine = alanine_engine(structure_file=ALANINE)
        trajectory = await one_frame(engine, tmp_path)
        assert trajectory.structure_path == ALANINE
        assert not (tmp_path / "sim.pdb").exists()


class TestParameters:
    def test_quantities_of_any_unit(self):
        plain = alanine_engine(temperature=310, friction=2, timestep=0.001)
        quantities = alanine_engine(
            temperature=310 * unit.kelvin,
            friction=2 / unit.picosecond,
            timestep=1 * unit.femtosecond,
        )
        assert plain.dt == pytest.approx(0.001)
        assert quantities.dt == pytest.approx(0.001)
        assert plain.friction == quantities.friction == 2
        assert plain.temperature == quantities.temperature == 310
        assert pickle.dumps(plain._serialized) == pickle.dumps(quantities._serialized)

    @pytest.mark.parametrize(
        "name", ["LangevinMiddle", "langevin", "Brownian", "NoseHoover", "VerletIntegrator"]
    )
    async def test_integrators_by_name(self, manager, tmp_path: Path, name: str):
        engine = double_well_engine(integrator=name)
        assert len(await one_frame(engine, tmp_path)) == 2

    async def test_own_integrator(self, manager, tmp_path: Path):
        integrator = openmm.LangevinMiddleIntegrator(350, 1, 0.0005)
        engine = alanine_engine(integrator=integrator)
        assert (engine.temperature, engine.dt) == (350, 0.0005)
        assert len(await one_frame(engine, tmp_path)) == 2

    async def test_custom_integrator_keeps_its_variables(self, manager, tmp_path: Path):
        integrator = openmm.CustomIntegrator(0.001)
        integrator.addGlobalVariable("counted", 0)
        integrator.addComputeGlobal("counted", "counted + 1")
        integrator.addUpdateContextState()
        integrator.addComputePerDof("x", "x + dt * counted * 0.001")
        engine = double_well_engine(integrator=integrator, nstout=10)
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(10)
        parts = [await engine.run_steps(20)]
        moved = all_frames(parts)[1][-1][0, 0] + 0.25
        assert moved == pytest.approx(sum(range(1, 21)) * 1e-6, rel=1e-3)

    async def test_can_be_pickled(self, manager, tmp_path: Path):
        engine = pickle.loads(pickle.dumps(alanine_engine()))
        assert len(await one_frame(engine, tmp_path)) == 2

    def test_class_knows_the_default_format(self):
        assert OpenMMEngine.output_traj_type == "trr"
        assert alanine_engine(output_traj_type="XTC").output_traj_type == "xtc"

    async def test_platform_properties_and_cores(self, manager, tmp_path: Path):
        engine = alanine_engine(platform="cpu", cores=2, platform_properties={"Threads": 1})
        await one_frame(engine, tmp_path)
        assert checkpoint_platform(tmp_path).startswith("CPU")
        spec = json.loads((tmp_path / "sim.part0001.json").read_text())
        assert spec["physics"]["properties"] == {"Threads": "1"}
        assert "platform CPU" in repr(engine)


class TestPhysics:
    async def test_velocities_have_the_temperature(self, manager, tmp_path: Path):
        engine = double_well_engine(2000, temperature=300)
        hot = await engine.generate_velocities(None, tmp_path / "hot.trr", workdir=tmp_path)
        v = read_frame(hot, 0).velocities
        assert 40 * np.mean(v**2) == pytest.approx(KT, rel=0.05)
        assert abs(v.mean()) < 0.02

    async def test_velocities_differ_each_time(self, manager, tmp_path: Path):
        engine = double_well_engine(seed=None)
        a = await engine.generate_velocities(None, tmp_path / "a.trr", workdir=tmp_path)
        b = await engine.generate_velocities(a, tmp_path / "b.trr", workdir=tmp_path)
        assert np.array_equal(read_frame(a, 0).positions, read_frame(b, 0).positions)
        assert not np.array_equal(read_frame(a, 0).velocities, read_frame(b, 0).velocities)

    async def test_constraints_are_fulfilled(self, manager, tmp_path: Path):
        _, topology, positions = alanine_parts()
        shaken = np.array(positions.value_in_unit(unit.nanometer))
        shaken += np.random.default_rng(1).normal(0, 0.005, shaken.shape)
        system = alanine_parts()[0]
        engine = OpenMMEngine(system, topology, shaken)
        good = await engine.apply_constraints(None, tmp_path / "good.trr", workdir=tmp_path)
        x = read_frame(good, 0).positions
        for number in range(system.getNumConstraints()):
            i, j, length = system.getConstraintParameters(number)
            found = np.linalg.norm(x[i] - x[j])
            assert found == pytest.approx(length.value_in_unit(unit.nanometer), abs=2e-5)

    async def test_minimum_is_lower(self, manager, tmp_path: Path):
        engine = double_well_engine(x=0.12)
        low = await engine.minimize(None, tmp_path / "low.trr", workdir=tmp_path)
        assert read_frame(low, 0).positions[0, 0] == pytest.approx(0.25, abs=0.01)
        assert read_frame(low, 0).velocities is None

    async def test_velocities_of_the_start_are_used(self, manager, tmp_path: Path):
        engine = double_well_engine(integrator="Verlet", temperature=300)
        start = await engine.generate_velocities(None, tmp_path / "start.trr", workdir=tmp_path)
        await engine.prepare(start, tmp_path, "sim")
        first = await engine.run_steps(10)
        assert np.array_equal(read_frame(first, 0).velocities, read_frame(start, 0).velocities)

    async def test_start_without_velocities_gets_some(self, manager, tmp_path: Path):
        trajectory = await one_frame(double_well_engine(500), tmp_path)
        v = read_frame(trajectory, 0).velocities
        assert 40 * np.mean(v**2) == pytest.approx(KT, rel=0.2)

    async def test_xtc_has_continuous_steps_and_times(self, manager, tmp_path: Path):
        engine = alanine_engine(output_traj_type="xtc", nstout=20)
        await engine.prepare(None, tmp_path, "sim")
        parts = [await engine.run_steps(40), await engine.run_steps(80)]
        table = [part.frame_table() for part in parts]
        assert [t.steps.tolist() for t in table] == [[0, 20, 40], [60, 80]]
        assert np.allclose(np.concatenate([t.times for t in table]), np.arange(5) * 0.04)

    async def test_goes_on_on_another_platform(self, manager, tmp_path: Path):
        await one_frame(alanine_engine(), tmp_path)
        other = alanine_engine(platform="CPU")
        await other.prepare_from_files(tmp_path, "sim")
        part = await other.run_steps(3 * other.nstout)
        assert part.frame_table().steps.tolist() == [100, 150]
        assert checkpoint_platform(tmp_path).startswith("CPU")


class TestBadInput:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"platform": "Quantum"}, r"'Quantum'.*Reference.*CUDA"),
            ({"nstout": 0}, "nstout=0"),
            ({"nstout": 2.5}, r"nstout=2\.5"),
            ({"cores": 0}, "cores=0"),
            ({"seed": -1}, "seed=-1"),
            ({"output_traj_type": "dcd"}, "'dcd'.*'trr' or 'xtc'"),
            ({"temperature": -3}, "temperature=-3"),
            ({"temperature": float("nan")}, "temperature=nan"),
            ({"friction": 0}, "friction=0"),
            ({"timestep": 0}, "timestep=0"),
            ({"integrator": "Magic"}, "'Magic'.*LangevinMiddle"),
        ],
    )
    def test_parameters(self, changes, words):
        with pytest.raises(ValueError, match=words):
            alanine_engine(**changes)

    def test_no_system(self):
        with pytest.raises(TypeError, match=r"openmm\.System"):
            OpenMMEngine("system.xml")

    def test_pieces_of_different_systems(self):
        system, topology, positions = alanine_parts()
        with pytest.raises(ValueError, match=r"positions.*21.*22"):
            OpenMMEngine(system, topology, positions[:21])
        with pytest.raises(ValueError, match=r"topology.*0.*22"):
            OpenMMEngine(system, app.Topology(), positions)

    @pytest.mark.parametrize("make", ["from_pdb", "from_amber", "from_gromacs"])
    def test_missing_files(self, make: str):
        with pytest.raises(FileNotFoundError, match=r"nowhere\.x"):
            getattr(OpenMMEngine, make)("nowhere.x", "nowhere.x")

    def test_missing_structure_file(self):
        with pytest.raises(FileNotFoundError, match="structure_file"):
            alanine_engine(structure_file="nowhere.pdb")

    def test_no_force_field(self):
        with pytest.raises(ValueError, match="force-field"):
            OpenMMEngine.from_pdb(ALANINE)

    async def test_start_of_another_system(self, manager, tmp_path: Path):
        start = await double_well_engine().generate_velocities(
            None, tmp_path / "start", workdir=tmp_path
        )
        with pytest.raises(ValueError, match=r"1 atoms.*22"):
            await alanine_engine().prepare(start, tmp_path, "sim")
        assert not list(tmp_path.glob("sim*"))

    async def test_platform_that_is_not_there(self, manager, tmp_path: Path):
        engine = alanine_engine(platform="HIP")
        await engine.prepare(None, tmp_path, "sim")
        with pytest.raises(EngineCrashedError, match="HIP"):
            await engine.run_steps(engine.nstout)

    async def test_velocities_without_temperature(self, manager, tmp_path: Path):
        engine = double_well_engine(integrator=openmm.VerletIntegrator(0.01), temperature=None)
        with pytest.raises(ValueError, match="temperature"):
            await engine.prepare(None, tmp_path, "sim")


def test_worker_needs_only_openmm_and_numpy():
    code = (
        "import sys, asyncmd_jupyter.engines.openmm.worker\n"
        "import asyncmd_jupyter.engines.openmm.simulation\n"
        "print(*(m for m in ('MDAnalysis', 'IPython', 'matplotlib', 'psutil', 'sqlite3', 'asyncio')"
        " if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == []


async def test_a_program_that_ends_well_without_a_step_is_quoted(manager, tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text("#!/bin/bash\necho 'ignored: -P -m; this is Python 1.5' >&2\n")
    python.chmod(0o755)
    engine = alanine_engine()
    await engine.prepare(None, tmp_path, "sim")
    monkeypatch.setattr(sys, "executable", str(python))
    said = r"(?s)sim.part0001 ended well, but took no step.*last words:\nignored: -P -m; this is"
    with pytest.raises(EngineCrashedError, match=said):
        await engine.run_steps(engine.nstout)
