"""Frames with new velocities, as the engine that goes on with them would draw them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.files.writing import new_file
from asyncmd_jupyter.frames.extract import (
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame


class NewVelocities:
    """Writes frames with new velocities of an engine.

    They are drawn in this process, with the masses and constraints that the engine knows: that
    takes milliseconds where a program takes half a second or waits in a queue. Only engines
    that do not know these, or say that they are not enough (Drude oscillators), are asked to
    draw themselves, one after the other.

    Parameters
    ----------
    engine : MDEngine
    temperature : float, optional
        K; by default the engine's.
    """

    def __init__(self, engine: MDEngine, temperature: float | None = None) -> None:
        known = engine.temperature
        if temperature is None and known is None:
            raise ValueError(
                "The engine knows no temperature for new velocities: give temperature=…."
            )
        self._engine = engine
        self._known = known
        # Refuses what can't be a temperature before anything is read.
        self._plain = RandomVelocitiesFrameExtractor(known if temperature is None else temperature)  # type: ignore[arg-type]

    async def write(
        self, targets: Sequence[Path], trajectory: Trajectory, frame: int, *, overwrite: bool
    ) -> AsyncIterator[Trajectory]:
        """Write a frame to files, each with velocities of its own; yields each when it is there.

        Parameters
        ----------
        targets : sequence of Path
            TRR files.
        trajectory : Trajectory
        frame : int
        overwrite : bool
        """
        extractor = await asyncio.to_thread(self._extractor)
        if extractor is None:
            async for made in self._by_engine(targets, trajectory, frame):
                yield made
            return
        for target in targets:
            yield await extractor.extract_async(target, trajectory, frame, overwrite=overwrite)

    def _extractor(self) -> RandomVelocitiesFrameExtractor | None:
        """One with what the engine knows, if that is enough; may block."""
        try:
            if self._engine.constraints is None:
                return None
            return RandomVelocitiesFrameExtractor.of(self._engine, self._plain.T)
        except NotImplementedError:
            return None

    async def _by_engine(
        self, targets: Sequence[Path], trajectory: Trajectory, frame: int
    ) -> AsyncIterator[Trajectory]:
        with tempfile.TemporaryDirectory(prefix=".velocities.", dir=targets[0].parent) as folder:
            start = Path(folder) / "frame.trr"
            chosen = await NoModificationFrameExtractor().extract_async(start, trajectory, frame)
            for index, target in enumerate(targets):
                drawn = await _clone(self._engine, index).generate_velocities(
                    chosen, str(target), workdir=folder
                )
                yield await asyncio.to_thread(self._scaled, drawn, target, trajectory)

    def _scaled(self, drawn: Trajectory, target: Path, trajectory: Trajectory) -> Trajectory:
        """Bring velocities of the engine's temperature to the wanted one: they are linear."""
        if self._known is not None and self._known != self._plain.T:
            frame = read_frame(drawn, 0)
            factor = np.sqrt(self._plain.T / self._known)
            velocities = None if frame.velocities is None else factor * frame.velocities
            scaled = TrrFrame(frame.step, frame.time, frame.box, frame.positions, velocities)
            with new_file(target, overwrite=True) as file:
                write_trr_frame(file, scaled)
        return Trajectory(target, trajectory.structure_path)


def _clone(engine: MDEngine, index: int) -> MDEngine:
    """Another stream of random numbers for each index, where the engine can tell them apart."""
    try:
        return engine.clone(index)
    except NotImplementedError:
        return engine
