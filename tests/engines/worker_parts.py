"""Parts computed by the worker's own code in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.engines.openmm.spec import SystemSpec
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.integrate import PartRun
from asyncmd_jupyter.engines.stepping.spec import PartSpec
from asyncmd_jupyter.frames.xdr import index_frames, read_trr_frame

SIDE = 4
SPACING = 0.6  # nm


def lattice() -> np.ndarray:
    """Positions of 64 atoms in nm, far enough apart."""
    axes = np.meshgrid(*[np.arange(SIDE) * SPACING] * 3)
    return np.stack(axes, axis=-1).reshape(-1, 3)


def fluid(*others: Any, cutoff: bool = True):
    """64 atoms of a noble gas in a box, with other forces."""
    import openmm

    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(np.eye(3) * SIDE * SPACING))
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(force.CutoffPeriodic if cutoff else force.NoCutoff)
    force.setCutoffDistance(1.0)
    for _ in range(SIDE**3):
        system.addParticle(40.0)
        force.addParticle(0.0, 0.34, 1.0)
    system.addForce(force)
    for other in others:
        system.addForce(other)
    return system


def write_openmm(
    folder: Path, system: Any, integrator: Any, platform: str = "Reference"
) -> dict[str, Any]:
    """Write the physics and a start without velocities, and give what the worker is told."""
    import openmm

    (folder / "system.xml").write_text(openmm.XmlSerializer.serialize(system))
    (folder / "integrator.xml").write_text(openmm.XmlSerializer.serialize(integrator))
    box = np.eye(3) * SIDE * SPACING
    Configuration(lattice(), None, box).write(folder / "start.npz")
    spec = SystemSpec("system.xml", "integrator.xml", platform, seed=7, temperature=300.0)
    return asdict(spec)


def compute(
    folder: Path,
    physics: dict[str, Any],
    make: Any,
    lengths: Sequence[int],
    *,
    nstout: int = 10,
    stop: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Compute parts of so many steps one after the other."""
    done, files = 0, []
    for number, length in enumerate(lengths, 1):
        done += length
        files.append(folder / f"sim.part{number:04d}.trr")
        spec = PartSpec(
            physics, number, "start.npz", "sim.cpt", files[-1].name, nstout=nstout, last_step=done
        )
        PartRun(spec, folder, make, stop).run()
    return files


def frames(files: Sequence[Path]) -> list[bytes]:
    """The bytes of all frames, in order."""
    found = []
    for file in files:
        index = index_frames(file) if file.exists() and file.stat().st_size else None
        if index is not None:
            content = file.read_bytes()
            ends = index.offsets + index.sizes
            pairs = zip(index.offsets, ends, strict=True)
            found += [content[begin:end] for begin, end in pairs]
    return found


def last_frame(file: Path):
    """The last frame of a part."""
    return read_trr_frame(file, int(index_frames(file).offsets[-1]))
