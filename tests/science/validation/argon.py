"""Liquid argon, the same for both engines.

216 atoms, Lennard-Jones with a switch from 0.75 to the cut-off of 0.9 nm and nothing beyond, so
that forces have no steps and both programs mean the same energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.openmm import OpenMMEngine

SIGMA, EPSILON, MASS = 0.3405, 0.99607, 39.948  # nm, kJ/mol, amu
SIDE = 6
N_ATOMS = SIDE**3
BOX = 2.2  # nm: 1.35 g/ml
CUTOFF, SWITCH = 0.9, 0.75  # nm
FRICTION = 1.0  # 1/ps

_TOP = f"""[ defaults ]
1 2 no 1.0 1.0
[ atomtypes ]
AR 18 {MASS} 0.0 A {SIGMA} {EPSILON}
[ moleculetype ]
AR 1
[ atoms ]
1 AR 1 AR AR 1 0.0 {MASS}
[ system ]
argon
[ molecules ]
AR {N_ATOMS}
"""
_MDP = {
    "cutoff-scheme": "Verlet",
    "coulombtype": "Cut-off",
    "rcoulomb": CUTOFF,
    "rvdw": CUTOFF,
    "vdw-modifier": "Potential-switch",
    "rvdw-switch": SWITCH,
    "DispCorr": "no",
    "verlet-buffer-tolerance": -1,
    "rlist": 1.05,
    "nstlist": 10,
    "continuation": "yes",
    "gen-vel": "no",
}


@dataclass(frozen=True)
class Conditions:
    """What a simulation is asked for.

    Attributes
    ----------
    temperature : float
        K
    pressure : float or None
        bar; None for a fixed volume.
    timestep : float
        ps
    energy_is_kept : bool
        Whether there is no thermostat.
    every : int
        Steps between two frames.
    """

    temperature: float = 100.0
    pressure: float | None = None
    timestep: float = 0.008
    energy_is_kept: bool = False
    every: int = 50

    @property
    def ensemble(self) -> str:
        """NVE, NVT or NPT."""
        if self.energy_is_kept:
            return "NVE"
        return "NVT" if self.pressure is None else "NPT"


def lattice() -> np.ndarray:
    """Positions in nm, shape (N_ATOMS, 3)."""
    places = np.indices((SIDE,) * 3).reshape(3, -1).T
    return (places + 0.5) * BOX / SIDE


def openmm_engine(conditions: Conditions, folder: Path) -> OpenMMEngine:
    """On the Reference platform, which computes in double precision, where energy is kept."""
    integrator = "Verlet" if conditions.energy_is_kept else "LangevinMiddle"
    platform = "Reference" if conditions.energy_is_kept else "CPU"
    return OpenMMEngine(
        _system(conditions),
        positions=lattice(),
        temperature=conditions.temperature,
        friction=FRICTION,
        timestep=conditions.timestep,
        integrator=integrator,
        nstout=conditions.every,
        platform=platform,
        seed=1,
    )


def _system(conditions: Conditions) -> Any:
    import openmm
    from openmm import unit

    system, force = openmm.System(), openmm.NonbondedForce()
    system.setDefaultPeriodicBoxVectors(*(BOX * np.eye(3)))
    for _ in range(N_ATOMS):
        system.addParticle(MASS)
        force.addParticle(0.0, SIGMA, EPSILON)
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(SWITCH)
    force.setUseDispersionCorrection(False)
    system.addForce(force)
    if conditions.pressure is not None:
        pressure = conditions.pressure * unit.bar
        system.addForce(openmm.MonteCarloBarostat(pressure, conditions.temperature, 10))
    return system


def gromacs_engine(conditions: Conditions, folder: Path) -> GmxEngine:
    """In double precision where energy is kept."""
    top, gro, mdp = folder / "argon.top", folder / "argon.gro", folder / "argon.mdp"
    top.write_text(_TOP)
    gro.write_text(_gro())
    lines = {**_MDP, **_motion(conditions), "dt": conditions.timestep, "ld-seed": 1, "gen-seed": 1}
    lines |= {key: conditions.every for key in ("nstxout", "nstvout", "nstenergy")}
    mdp.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
    program = "gmx_d" if conditions.energy_is_kept else "gmx"
    return GmxEngine(
        MDP(mdp),
        gro,
        top,
        output_traj_type="trr",
        grompp_executable=f"{program} grompp",
        mdrun_executable=f"{program} mdrun",
        grompp_extra_args="-maxwarn 2",
        mdrun_extra_args="-nt 1",
    )


def _motion(conditions: Conditions) -> dict[str, Any]:
    if conditions.energy_is_kept:
        return {"integrator": "md", "gen-temp": conditions.temperature, "comm-mode": "None"}
    groups = {"tc-grps": "System", "ref-t": conditions.temperature}
    if conditions.pressure is None:
        return {"integrator": "sd", "tau-t": 1 / FRICTION, "comm-mode": "None", **groups}
    coupled = {"pcoupl": "C-rescale", "tau-p": 0.5, "compressibility": 2e-4}
    bath = {"integrator": "md", "tcoupl": "v-rescale", "tau-t": 0.5, **groups}
    return {**bath, **coupled, "ref-p": conditions.pressure}


def _gro() -> str:
    atoms = [
        f"{number % 100000:5d}AR      AR{number:5d}{x:8.3f}{y:8.3f}{z:8.3f}"
        for number, (x, y, z) in enumerate(lattice(), 1)
    ]
    return "\n".join(["argon", f"{N_ATOMS}", *atoms, f"{BOX:10.5f}" * 3]) + "\n"
