"""What the worker promises of parts: the same bits, checkpoints in time, sites in their places."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import openmm
import pytest
from worker_parts import compute, fluid, frames, last_frame, write_openmm

from asyncmd_jupyter.engines.openmm.simulation import OpenMMSimulation
from asyncmd_jupyter.engines.stepping import integrate
from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.testing.double_well import DoubleWell, DoubleWellSimulation

STEP = 0.002


def compound() -> openmm.CompoundIntegrator:
    made = openmm.CompoundIntegrator()
    made.addIntegrator(openmm.LangevinMiddleIntegrator(300, 1, STEP))
    made.addIntegrator(openmm.VerletIntegrator(STEP))
    return made


INTEGRATORS = {
    "LangevinMiddle": lambda: openmm.LangevinMiddleIntegrator(300, 1, STEP),
    "Langevin": lambda: openmm.LangevinIntegrator(300, 1, STEP),
    "Brownian": lambda: openmm.BrownianIntegrator(300, 1, STEP),
    "NoseHoover": lambda: openmm.NoseHooverIntegrator(300, 1, STEP),
    "Verlet": lambda: openmm.VerletIntegrator(STEP),
    "MTSLangevin": lambda: openmm.MTSLangevinIntegrator(300, 1, STEP, [(0, 1)]),
    "Compound": compound,
}
BAROSTATS = {
    "isotropic": lambda: openmm.MonteCarloBarostat(1.0, 300, 25),
    "anisotropic": lambda: openmm.MonteCarloAnisotropicBarostat((1, 1, 1), 300, True, True, True),
    "membrane": lambda: openmm.MonteCarloMembraneBarostat(1.0, 0.0, 300, 0, 0, 25),
    "flexible": lambda: openmm.MonteCarloFlexibleBarostat(1.0, 300, 25),
}
CUTS = ([200], [70, 130], [3, 4, 13, 20, 160])


def of_openmm(folder: Path, lengths: list[int], system, integrator, **options) -> list[Path]:
    folder.mkdir()
    physics = write_openmm(folder, system, integrator, **options)
    return compute(folder, physics, OpenMMSimulation.from_spec, lengths)


def cut_alike(folder: Path, system, integrator, **options) -> bool:
    """Whether all frames have the same bytes in one part and in several."""
    computed = [
        frames(of_openmm(folder / str(i), cut, system, integrator(), **options))
        for i, cut in enumerate(CUTS)
    ]
    assert len(computed[0]) == 21
    return computed[0] == computed[1] == computed[2]


class TestBitByBit:
    """What is promised of parts in the docstring of `OpenMMEngine`."""

    @pytest.mark.parametrize("integrator", INTEGRATORS)
    def test_on_reference(self, tmp_path: Path, integrator: str):
        assert cut_alike(tmp_path, fluid(), INTEGRATORS[integrator])

    @pytest.mark.parametrize("integrator", INTEGRATORS)
    def test_on_one_thread_without_a_cut_off(self, tmp_path: Path, integrator: str):
        system = fluid(cutoff=False)
        assert cut_alike(tmp_path, system, INTEGRATORS[integrator], platform="CPU")

    @pytest.mark.parametrize("barostat", BAROSTATS)
    def test_with_a_barostat_for_its_first_ten_attempts(self, tmp_path: Path, barostat: str):
        system = fluid(BAROSTATS[barostat]())
        assert cut_alike(tmp_path, system, INTEGRATORS["LangevinMiddle"])

    def test_in_83_parts(self, tmp_path: Path):
        whole = of_openmm(tmp_path / "1", [830], fluid(), INTEGRATORS["LangevinMiddle"]())
        parts = of_openmm(tmp_path / "83", [10] * 83, fluid(), INTEGRATORS["LangevinMiddle"]())
        assert len(parts) == 83
        assert frames(whole) == frames(parts)


def test_barostats_try_in_parts_that_are_shorter_than_their_interval(tmp_path: Path):
    files = of_openmm(
        tmp_path / "sim",
        [10] * 8,
        fluid(BAROSTATS["isotropic"]()),
        INTEGRATORS["LangevinMiddle"](),
    )
    boxes = [round(float(last_frame(file).box[0, 0]), 5) for file in files]
    assert len(set(boxes)) > 1


class KilledError(Exception):
    """Stands for SIGKILL: nothing is written after it."""


def test_checkpoints_are_written_between_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Killed between two frames that lie far apart, it goes on from where it was."""
    seconds = iter(range(10**9))
    clock = integrate.CheckpointClock
    monkeypatch.setattr(integrate, "CheckpointClock", lambda: clock(lambda: next(seconds)))
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        Configuration(np.zeros((1, 3))).write(tmp_path / name / "start.npz")
    checkpoint = tmp_path / "killed" / "sim.cpt"

    def killed() -> bool:
        if checkpoint.exists() and Checkpoint.read(checkpoint).progress.step > 200:
            raise KilledError
        return False

    def parts(name: str, **options) -> list[Path]:
        make, physics = DoubleWellSimulation.from_spec, asdict(DoubleWell(seed=5))
        return compute(tmp_path / name, physics, make, [5000], nstout=5000, **options)

    with pytest.raises(KilledError):
        parts("killed", stop=killed)
    progress = Checkpoint.read(checkpoint).progress
    assert progress.frames == 1
    assert 200 < progress.step < 5000
    assert frames(parts("killed")) == frames(parts("whole"))


def test_virtual_sites_are_where_their_atoms_say(tmp_path: Path):
    system = openmm.System()
    for mass in (40.0, 40.0, 0.0):
        system.addParticle(mass)
    system.setVirtualSite(2, openmm.TwoParticleAverageSite(0, 1, 0.5, 0.5))
    physics = write_openmm(tmp_path, system, INTEGRATORS["Verlet"]())
    simulation = OpenMMSimulation.from_spec(physics, 1, tmp_path)
    rounded = np.array([[0.0, 0.0, 0.0], [0.301, 0.0, 0.0], [0.150, 0.0, 0.0]])
    simulation.load(Configuration(rounded))
    assert simulation.configuration().positions[2] == pytest.approx([0.1505, 0, 0])
