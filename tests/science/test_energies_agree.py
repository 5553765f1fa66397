"""GROMACS and OpenMM give one configuration the same energy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from asyncmd_jupyter.engines.openmm.source import from_gromacs
from asyncmd_jupyter.examples import GromacsFiles, alanine_dipeptide_gromacs
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.gromacs import MDP, GmxEngine
from asyncmd_jupyter.openmm import OpenMMEngine

pytestmark = [
    pytest.mark.science,
    pytest.mark.gromacs,
    # OpenMM leaves topologies open.
    pytest.mark.filterwarnings("ignore:.*all.top:pytest.PytestUnraisableExceptionWarning"),
]

VACUUM = {"abs": 4e-4}  # kJ/mol
WATER = {"rel": 0.1 / 3478, "abs": 0}  # of -15,400 kJ/mol
# Both leave the attraction beyond the cut-off to an average over pairs of atoms; GROMACS
# leaves those bonded out, of which there are 0.2 %: 0.1 kJ/mol here. Without that:
WATER_ALONE = {"abs": 0.1}
EXACT = {"continuation": "yes", "nstenergy": 100, "nstcalcenergy": 100, "vdw-modifier": "None"}
PME = {"rcoulomb": 1.1, "rvdw": 1.1, "verlet-buffer-tolerance": -1, "rlist": 1.1}
PME |= {"fourierspacing": 0.06, "pme-order": 6, "coulomb-modifier": "None"}


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

    def __init__(
        self, top: Path, gro: Path, solvated: bool, constraints: bool, dispersion: bool = True
    ) -> None:
        from openmm import NonbondedForce, app, unit

        options = {"constraints": app.HBonds if constraints else None}
        pme = {"nonbondedMethod": app.PME, "nonbondedCutoff": 1.1, "ewaldErrorTolerance": 1e-5}
        options |= pme if solvated else {"nonbondedMethod": app.NoCutoff}
        system, _, positions = from_gromacs(top, gro, None, options)
        self.positions = positions.value_in_unit(unit.nanometer)
        [nonbonded] = [f for f in system.getForces() if isinstance(f, NonbondedForce)]
        nonbonded.setUseDispersionCorrection(dispersion)
        self.context = context_of(system)

    def potential(self, positions, box=None) -> float:
        return potential_of(self.context, positions, box)


def context_of(system):
    from openmm import Context, Platform, VerletIntegrator

    return Context(system, VerletIntegrator(0.001), Platform.getPlatformByName("Reference"))


def potential_of(context, positions, box=None) -> float:
    """kJ/mol"""
    from openmm import unit

    if box is not None:
        context.setPeriodicBoxVectors(*np.asarray(box, dtype=float))
    context.setPositions(np.asarray(positions, dtype=float))
    energy = context.getState(energy=True).getPotentialEnergy()
    return energy.value_in_unit(unit.kilojoule_per_mole)


def whole(frame: Frame, n_atoms: int = 22) -> np.ndarray:
    """The molecules in one piece, as OpenMM wants them: each is smaller than half of the box."""
    first = [*[0] * n_atoms, *(i - (i - n_atoms) % 3 for i in range(n_atoms, len(frame.positions)))]
    edge = np.diag(frame.box)
    away = frame.positions - frame.positions[first]
    return frame.positions - np.round(away / edge) * edge


# Both programs have to begin with the same numbers: stiff bonds feel how these are rounded.
@pytest.mark.parametrize(("program", "rounded"), [("gmx", np.float32), ("gmx_d", np.float64)])
@pytest.mark.parametrize(
    ("solvated", "dispersion", "tolerance"),
    [(False, False, VACUUM), (True, True, WATER), (True, False, WATER_ALONE)],
    ids=["vacuum", "water", "water without dispersion correction"],
)
@pytest.mark.parametrize("constraints", ["none", "h-bonds"])
def test_of_the_structure_file(
    tmp_path: Path, program, rounded, solvated, dispersion, tolerance, constraints
):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    correction = {"DispCorr": "EnerPres" if dispersion else "no"}
    mdp = parameters(files, solvated, constraints=constraints, **correction)
    mdp.write(tmp_path / "md.mdp")
    inputs = ("-f", "md.mdp", "-c", files.gro.name, "-p", files.top.name, "-pp", "all.top")
    gmx(tmp_path, "grompp", *inputs, "-o", "md.tpr", "-maxwarn", "1", program=program)
    gmx(tmp_path, "mdrun", "-deffnm", "md", "-nsteps", "0", "-ntomp", "1", program=program)
    [of_gromacs] = potentials(tmp_path, "md.edr").values()
    constrained = constraints == "h-bonds"
    openmm = OpenMM(tmp_path / "all.top", files.gro, solvated, constrained, dispersion)
    found = openmm.potential(rounded(openmm.positions))
    assert found == pytest.approx(of_gromacs, **tolerance)


@pytest.mark.parametrize(
    ("constraints", "kind"), [("h-bonds", "HBonds"), ("all-bonds", "AllBonds")]
)
def test_of_an_engine_that_reads_the_mdp(tmp_path: Path, constraints, kind):
    files = alanine_dipeptide_gromacs(tmp_path, solvated=True)
    switched = {"vdw-modifier": "Potential-switch", "rvdw-switch": 0.8, "DispCorr": "no"}
    mdp = parameters(files, True, constraints=constraints, **switched)
    mdp.write(tmp_path / "md.mdp")
    inputs = ("-f", "md.mdp", "-c", files.gro.name, "-p", files.top.name, "-pp", "all.top")
    gmx(tmp_path, "grompp", *inputs, "-o", "md.tpr", "-maxwarn", "1")
    gmx(tmp_path, "mdrun", "-deffnm", "md", "-nsteps", "0", "-ntomp", "1")
    [of_gromacs] = potentials(tmp_path, "md.edr").values()
    exact = {"ewaldErrorTolerance": 1e-5}  # which the mdp does not say in OpenMM's terms
    engine = OpenMMEngine.from_gromacs(
        tmp_path / "all.top", files.gro, mdp_file=tmp_path / "md.mdp", create_system=exact
    )
    assert engine.system_settings.constraints == kind
    assert (engine.temperature, engine.friction, engine.nstout) == (300, 1.0, 100)
    found = potential_of(context_of(engine.system), np.float32(engine.positions))
    assert found == pytest.approx(of_gromacs, **WATER_ALONE)


@pytest.mark.parametrize(("solvated", "tolerance"), [(False, VACUUM), (True, WATER)])
async def test_of_all_frames_of_an_engine(manager, tmp_path: Path, solvated, tolerance):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    mdp = parameters(files, solvated, nstxout=100, nstvout=100, **{"ld-seed": 5})
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
