"""Small systems for OpenMM."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from asyncmd_jupyter import examples
from asyncmd_jupyter.engines.openmm import OpenMMEngine

ALANINE = Path(examples.__file__).with_name("alanine_dipeptide.pdb")
FORCE_FIELD = ("amber99sbildn.xml", "amber99_obc.xml")


@cache
def alanine_parts():
    """System, topology and positions of the first-use system, made once."""
    from openmm import app

    pdb = app.PDBFile(str(ALANINE))
    system = app.ForceField(*FORCE_FIELD).createSystem(pdb.topology, constraints=app.HBonds)
    return system, pdb.topology, pdb.positions


def alanine_engine(**changes) -> OpenMMEngine:
    return OpenMMEngine(*alanine_parts(), **{"nstout": 50, "seed": 3, **changes})


def double_well_system(n_particles: int = 1):
    """DW of REFERENCE: independent particles of 40 amu."""
    import openmm

    system = openmm.System()
    force = openmm.CustomExternalForce(
        "8 * ((x / 0.25)^2 - 1)^2 + 500 * (y^2 + z^2)",
    )
    for _ in range(n_particles):
        force.addParticle(system.addParticle(40.0), [])
    system.addForce(force)
    return system


def double_well_engine(n_particles: int = 1, x: float = -0.25, **changes) -> OpenMMEngine:
    positions = np.zeros((n_particles, 3))
    positions[:, 0] = x
    parameters = {"friction": 4.0, "timestep": 0.01, "nstout": 10, "seed": 11, **changes}
    return OpenMMEngine(double_well_system(n_particles), None, positions, **parameters)


def exploding_engine() -> OpenMMEngine:
    return alanine_engine(timestep=0.05, nstout=10)
