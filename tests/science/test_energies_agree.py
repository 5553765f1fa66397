"""GROMACS and OpenMM give one configuration the same energy."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.engines.openmm.source import from_gromacs
from asyncmd_jupyter.examples import GromacsFiles, alanine_dipeptide_gromacs
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.gromacs import MDP, GmxEngine
from asyncmd_jupyter.jobs.manager import JobManager

pytestmark = [
    pytest.mark.science,
    pytest.mark.gromacs,
    # OpenMM leaves topologies open.
    pytest.mark.filterwarnings("ignore:.*all.top:pytest.PytestUnraisableExceptionWarning"),
]

VACUUM = {"abs": 4e-4}  # kJ/mol
WATER_IN_DOUBLE = {"abs": 0.1}  # of -15,550
WATER = {"rel": 0.1 / 3478, "abs": 0}
EXACT = {"continuation": "yes", "nstenergy": 100, "nstcalcenergy": 100, "vdw-modifier": "None"}
PME = {"rcoulomb": 1.1, "rvdw": 1.1, "verlet-buffer-tolerance": -1, "rlist": 1.1}
PME |= {"fourierspacing": 0.06, "pme-order": 6, "coulomb-modifier": "None"}


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


def gmx(folder: Path, *arguments: str, program: str = "gmx", typed: str = "") -> None:
    command = [program, "-quiet", *arguments]
    subprocess.run(command, cwd=folder, input=typed, check=True, capture_output=True, text=True)


def parameters(files: GromacsFiles, solvated: bool, **changes) -> MDP:
    mdp = MDP(files.mdp)
    mdp.update(EXACT | (PME if solvated else {"nstcomm": 100}) | changes)
    return mdp


def potentials(folder: Path, edr: str) -> dict[float, float]:
    """kJ/mol at each time in ps."""
    files = ("-f", edr, "-o", "potential.xvg")
    gmx(folder, "energy", *files, "-xvg", "none", "-dp", typed="Potential\n")
    return dict(np.loadtxt(folder / "potential.xvg", ndmin=2).tolist())


class OpenMM:
    """The energy function of a topology that ``gmx grompp -pp`` wrote."""

    def __init__(self, top: Path, gro: Path, solvated: bool, constraints: bool) -> None:
        from openmm import Context, Platform, VerletIntegrator, app

        options = {"constraints": app.HBonds if constraints else None}
        pme = {"nonbondedMethod": app.PME, "nonbondedCutoff": 1.1, "ewaldErrorTolerance": 1e-5}
        options |= pme if solvated else {"nonbondedMethod": app.NoCutoff}
        system, _, self.positions = from_gromacs(top, gro, None, options)
        reference = Platform.getPlatformByName("Reference")
        self.context = Context(system, VerletIntegrator(0.001), reference)

    def potential(self, positions, box=None) -> float:
        from openmm import unit

        if box is not None:
            self.context.setPeriodicBoxVectors(*np.asarray(box, dtype=float))
        self.context.setPositions(positions)
        energy = self.context.getState(energy=True).getPotentialEnergy()
        return energy.value_in_unit(unit.kilojoule_per_mole)


def whole(frame: Frame, n_atoms: int = 22) -> np.ndarray:
    """The molecules in one piece, as OpenMM wants them: each is smaller than half of the box."""
    first = [*[0] * n_atoms, *(i - (i - n_atoms) % 3 for i in range(n_atoms, len(frame.positions)))]
    edge = np.diag(frame.box)
    away = frame.positions - frame.positions[first]
    return frame.positions - np.round(away / edge) * edge


@pytest.mark.parametrize(
    ("program", "solvated", "tolerance"),
    [
        ("gmx", False, VACUUM),
        ("gmx", True, WATER),
        ("gmx_d", False, VACUUM),
        ("gmx_d", True, WATER_IN_DOUBLE),
    ],
)
@pytest.mark.parametrize("constraints", ["none", "h-bonds"])
def test_of_the_structure_file(tmp_path: Path, program, solvated, tolerance, constraints: str):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    parameters(files, solvated, constraints=constraints).write(tmp_path / "md.mdp")
    inputs = ("-f", "md.mdp", "-c", files.gro.name, "-p", files.top.name, "-pp", "all.top")
    gmx(tmp_path, "grompp", *inputs, "-o", "md.tpr", "-maxwarn", "1", program=program)
    gmx(tmp_path, "mdrun", "-deffnm", "md", "-nsteps", "0", "-ntomp", "1", program=program)
    [of_gromacs] = potentials(tmp_path, "md.edr").values()
    openmm = OpenMM(tmp_path / "all.top", files.gro, solvated, constraints == "h-bonds")
    assert openmm.potential(openmm.positions) == pytest.approx(of_gromacs, **tolerance)


@pytest.mark.parametrize(("solvated", "tolerance"), [(False, VACUUM), (True, WATER)])
async def test_of_all_frames_of_an_engine(manager, tmp_path: Path, solvated, tolerance):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    mdp = parameters(files, solvated, nstxout=100, nstvout=100)
    how = {"grompp_extra_args": "-pp all.top -maxwarn 1", "output_traj_type": "trr"}
    engine = GmxEngine(mdp, files.gro, files.top, mdrun_extra_args="-nt 1", **how)
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.run_steps(300)
    found = potentials(tmp_path, "sim.part0001.edr")
    openmm = OpenMM(tmp_path / "all.top", files.gro, solvated, constraints=True)
    frames = [read_frame(part, index) for index in range(len(part))]
    assert [frame.time for frame in frames] == pytest.approx(list(found), abs=1e-6)
    computed = [openmm.potential(whole(frame), frame.box) for frame in frames]
    assert computed == pytest.approx(list(found.values()), **tolerance)
