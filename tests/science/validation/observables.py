"""Energies and volumes of the frames of an engine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Observables:
    """One number for each frame.

    Attributes
    ----------
    kinetic : array
        kJ/mol, of the velocities in the frames.
    potential, total : array
        kJ/mol, as the program computes them.
    volume : array
        nm^3
    """

    kinetic: Floats
    potential: Floats
    total: Floats
    volume: Floats


def kinetic_energies(frames: list[Frame], masses: Floats) -> Floats:
    """In kJ/mol."""
    return np.array([0.5 * float(masses @ (f.velocities**2).sum(axis=1)) for f in frames])


def observables(engine: OpenMMEngine | GmxEngine, part: Trajectory) -> Observables:
    """Of all frames of a part."""
    frames = [read_frame(part, number) for number in range(len(part))]
    volumes = np.array([np.linalg.det(frame.box) for frame in frames])
    kinetic = kinetic_energies(frames, engine.masses)
    own = _of_openmm if isinstance(engine, OpenMMEngine) else _of_gromacs
    potential, total = own(engine, part, frames)
    return Observables(kinetic, potential, total, volumes)


def _of_openmm(
    engine: OpenMMEngine, part: Trajectory, frames: list[Frame]
) -> tuple[Floats, Floats]:
    """By a Context of the engine's own System, which knows how velocities lag behind."""
    import openmm

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(engine.system, engine.integrator, platform)
    potential, total = [], []
    for frame in frames:
        context.setPeriodicBoxVectors(*np.asarray(frame.box, dtype=float))
        context.setPositions(np.asarray(frame.positions, dtype=float))
        context.setVelocities(np.asarray(frame.velocities, dtype=float))
        state = context.getState(energy=True)
        potential.append(state.getPotentialEnergy()._value)
        total.append(potential[-1] + state.getKineticEnergy()._value)
    return np.array(potential), np.array(total)


def _of_gromacs(engine: GmxEngine, part: Trajectory, frames: list[Frame]) -> tuple[Floats, Floats]:
    """From the energies that mdrun wrote."""
    edr = part.paths[0].with_suffix(".edr")
    table = _energies(edr, "Potential", "Total-Energy")
    steps = np.searchsorted(table[:, 0], [frame.time - 1e-3 for frame in frames])
    assert np.allclose(table[steps, 0], [frame.time for frame in frames], atol=1e-3)
    return table[steps, 1], table[steps, 2]


def _energies(edr: Path, *terms: str) -> Any:
    out = edr.with_suffix(".xvg")
    subprocess.run(
        ["gmx", "-quiet", "energy", "-f", str(edr), "-o", str(out), "-xvg", "none", "-dp"],
        input="\n".join(terms) + "\n",
        check=True,
        capture_output=True,
        text=True,
    )
    return np.loadtxt(out, ndmin=2)
