"""Engines of OpenMM from GROMACS' files: what stands in the mdp is done, or it is said."""

from __future__ import annotations

import warnings
from pathlib import Path

import openmm
import pytest
from openmm import app, unit
from topology_files import argon_gro, argon_top

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.gromacs import MDP

# OpenMM's reader leaves the closing of the file to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.*\.top:pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file"
)
NM = unit.nanometer
USUAL = "integrator = sd\ntc-grps = System\nref-t = 310\ntau-t = 2\ndt = 0.004\ncoulombtype = PME\n"


def engine(folder: Path, text: str, **options) -> OpenMMEngine:
    (folder / "md.mdp").write_text(text)
    files = (argon_top(folder), argon_gro(folder))
    return OpenMMEngine.from_gromacs(*files, mdp_file=folder / "md.mdp", **options)


def spelled_out(folder: Path, **options) -> str:
    box = app.GromacsGroFile(str(argon_gro(folder))).getPeriodicBoxVectors()
    top = app.GromacsTopFile(str(argon_top(folder)), periodicBoxVectors=box)
    return openmm.XmlSerializer.serialize(top.createSystem(**options))


PLAIN = {"nonbondedMethod": app.PME, "nonbondedCutoff": 1.0 * NM, "useDispersionCorrection": False}
LINES = {
    "nothing more": ("", {}),
    "cut-off": ("rvdw = 1.2\nrcoulomb = 1.1", {"nonbondedCutoff": 1.2 * NM}),
    "switching": (
        "rvdw = 1.2\nvdw-modifier = Potential-switch\nrvdw-switch = 1.0",
        {"nonbondedCutoff": 1.2 * NM, "switchDistance": 1.0 * NM},
    ),
    "switching as before": (
        "vdwtype = switch\nrvdw_switch = 0.9",
        {"switchDistance": 0.9 * NM},
    ),
    "shifted": ("vdw-modifier = Potential-shift-Verlet", {}),
    "dispersion": ("DispCorr = EnerPres", {"useDispersionCorrection": True}),
    "LJ-PME": ("vdwtype = PME", {"nonbondedMethod": app.LJPME}),
    "cut-off by its name": ("vdwtype = cut-off", {}),
    "motion as a whole": ("comm-mode = none", {"removeCMMotion": False}),
}


@pytest.mark.parametrize(("lines", "changes"), LINES.values(), ids=LINES)
def test_the_system(tmp_path: Path, lines: str, changes):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        made = engine(tmp_path, USUAL + lines)
    found = openmm.XmlSerializer.serialize(made.system)
    assert found == spelled_out(tmp_path, **(PLAIN | changes))


def test_arguments_go_first(tmp_path: Path):
    given = {"nonbondedCutoff": 0.9, "constraints": None}
    made = engine(tmp_path, USUAL + "constraints = all-angles", create_system=given, timestep=0.002)
    expected = PLAIN | {"nonbondedCutoff": 0.9 * NM}
    assert openmm.XmlSerializer.serialize(made.system) == spelled_out(tmp_path, **expected)
    assert (made.timestep, made.temperature) == (0.002, 310)


def test_dynamics(tmp_path: Path):
    made = engine(tmp_path, USUAL + "nstxout-compressed = 20")
    assert (made.timestep, made.temperature, made.friction) == (0.004, 310, 0.5)
    assert made.nstout == 20
    newton = "coulombtype = PME\ngen-temp = 280\nnstxout = 30\n"
    made = engine(tmp_path, newton)
    assert (type(made.integrator), made.timestep) == (openmm.VerletIntegrator, 0.001)
    assert (made.temperature, made.nstout) == (280, 30)
    (tmp_path / "md.mdp").write_text(USUAL)
    mdp = MDP(tmp_path / "md.mdp")
    mdp["ref-t"] = [320.0]
    files = (argon_top(tmp_path), argon_gro(tmp_path))
    assert OpenMMEngine.from_gromacs(*files, mdp_file=mdp).temperature == 320


LEFT_OUT = {
    "pcoupl = C-rescale\nref-p = 1": r"pcoupl = C-rescale",
    "freezegrps = A B": "freezegrps = A B",
    "pull = yes": "pull = yes",
    "define = -DPOSRES -DX": r"-DPOSRES \(position restraints\)",
    "vdw-modifier = Force-switch\nrvdw-switch = 0.8": "vdw-modifier = Force-switch .OpenMM",
    "annealing = single": "annealing = single",
    "nwall = 2": "nwall = 2",
    "comm-mode = Angular": "comm-mode = Angular",
}


@pytest.mark.parametrize(("lines", "said"), LEFT_OUT.items())
def test_what_is_left_out_is_said(tmp_path: Path, lines: str, said: str):
    with pytest.warns(UserWarning, match=rf"leaves out these of .*md\.mdp: {said}.*engine\.system"):
        engine(tmp_path, USUAL + lines)


def test_a_thermostat_without_counterpart_is_said_unless_one_is_chosen(tmp_path: Path):
    text = USUAL.replace("= sd", "= md") + "tcoupl = V-rescale\n"
    with pytest.warns(UserWarning, match="tcoupl = V-rescale .*argument integrator"):
        assert engine(tmp_path, text).temperature == 310
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert engine(tmp_path, text, integrator="NoseHoover").temperature == 310


REFUSED = {
    USUAL.replace("PME", "Reaction-Field"): r"coulombtype = Reaction-Field in .*md\.mdp",
    USUAL.replace("coulombtype = PME\n", ""): r"coulombtype \(the default of GROMACS\)",
    USUAL + "vdwtype = user": "vdwtype = user",
    USUAL + "constraints = all-angles": "constraints = all-angles",
    USUAL.replace("310", "300 310"): r"ref-t = 300.0 310.0.*one temperature.*temperature=",
    USUAL + "rvdw = 1.6\nrcoulomb = 1.6": "more than half of the box",
}


@pytest.mark.parametrize(("text", "why"), REFUSED.items())
def test_what_would_be_something_else_is_refused(tmp_path: Path, text: str, why: str):
    with pytest.raises(ValueError, match=why):
        engine(tmp_path, text)


def test_a_box_without_charmm_gets_the_usual_cutoff(tmp_path: Path):
    top = argon_top(tmp_path)
    top.write_text(";; Generated by CHARMM-GUI (http://www.charmm-gui.org)\n" + top.read_text())
    made = OpenMMEngine.from_gromacs(top, argon_gro(tmp_path))
    assert (made.system_settings.cutoff, made.system_settings.switching_distance) == (1.0, None)
