"""The loop of one part: steps in chunks, frames on multiples, checkpoints by the clock."""

from __future__ import annotations

import glob
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint, Progress
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.energies import EnergyOutput, EnergyRecorder
from asyncmd_jupyter.engines.stepping.output import Output, open_output
from asyncmd_jupyter.engines.stepping.simulation import (
    KnowsEnergies,
    Simulation,
    SimulationFactory,
)
from asyncmd_jupyter.engines.stepping.spec import PartSpec
from asyncmd_jupyter.engines.stepping.worker_log import Log, PartLog, silent
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.retrying import retried_here
from asyncmd_jupyter.files.writing import sync
from asyncmd_jupyter.frames.xdr import index_frames

# Python sees a signal only between two calls of step(), so a chunk is kept this short.
CHUNK_SECONDS = 0.1
CHECKPOINT_SECONDS = (1.0, 30.0)
# Checkpoints take at most one part in this many of the time.
CHECKPOINT_SHARE = 50
# How long a file system may be away; a job that waits for it takes cores.
PATIENCE_SECONDS = 900.0


class Pacer:
    """How many steps fit into one chunk, from the speed measured so far."""

    def __init__(self) -> None:
        self._steps = 1

    def next_chunk(self, at_most: int) -> int:
        """Steps of the next chunk."""
        return min(self._steps, at_most)

    def measured(self, steps: int, seconds: float) -> None:
        """Learn from a chunk; doubling at most keeps one hiccup from making a long one."""
        affordable = int(steps * CHUNK_SECONDS / max(seconds, 1e-9))
        self._steps = max(1, min(affordable, 2 * max(steps, self._steps)))


class CheckpointClock:
    """When the next checkpoint is due: soon for small systems, rarely for costly ones."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._due = now()

    def is_due(self) -> bool:
        """Whether it is time."""
        return self._now() >= self._due

    def written(self, seconds: float) -> None:
        """Schedule the next one from what this one cost."""
        shortest, longest = CHECKPOINT_SECONDS
        self._due = self._now() + min(max(seconds * CHECKPOINT_SHARE, shortest), longest)


class PartRun:
    """Computes one part of a simulation in a folder."""

    def __init__(
        self,
        spec: PartSpec,
        folder: Path,
        make: SimulationFactory,
        stop_requested: Callable[[], bool],
        log: Log = silent,
    ) -> None:
        self._spec = spec
        self._make = make
        self._folder = folder
        self._stop_requested = stop_requested
        self._deadline = time.monotonic() + (math.inf if spec.seconds is None else spec.seconds)
        self._path = folder / spec.trajectory
        self._checkpoint_file = folder / spec.checkpoint
        self._start_file = folder / spec.start
        self._frames = 0
        self._has_added_frame = False
        self._is_synced = True
        self._pacer = Pacer()
        self._clock = CheckpointClock()
        self._how, self._reason = "begins", ""
        self._simulation, self._output = self._begin()
        self._log = PartLog(log, spec, self._simulation)
        self._energies = self._open_energies()

    def _begin(self) -> tuple[Simulation, Output]:
        simulation = self._make(self._spec.physics, self._spec.part, self._folder)
        self._is_new = not self._checkpoint_file.exists()
        if not self._is_new:
            return self._go_on(simulation, Checkpoint.read(self._checkpoint_file))
        self._refuse_to_begin_again()
        start = Configuration.read(self._start_file)
        simulation.load(start)
        if start.velocities is None:
            simulation.draw_velocities()
            self._how = "begins with velocities that were drawn"
        return simulation, open_output(self._path, keep=0)

    def _open_energies(self) -> EnergyRecorder | None:
        """Where energies go, without rows of steps that come now; None if there are none."""
        spec, simulation = self._spec, self._simulation
        if not (spec.nstenergy and isinstance(simulation, KnowsEnergies)):
            return None
        last_step = None if self._is_new else simulation.step_count
        output = EnergyOutput(self._folder / spec.energies, last_step)
        return EnergyRecorder(simulation, output, spec.nstenergy, self._log)

    def _refuse_to_begin_again(self) -> None:
        """Keep frames that only a checkpoint allows to compute again; the first one is the start's.

        Raises
        ------
        EngineError
        """
        if self._path.exists() and len(index_frames(self._path)) > 1:
            raise EngineError(
                f"{self._path} has frames, but {self._checkpoint_file} is missing: nothing is "
                "written over them."
            )

    def _go_on(self, simulation: Simulation, checkpoint: Checkpoint) -> tuple[Simulation, Output]:
        progress = checkpoint.progress
        simulation.restore(checkpoint)
        same_part = progress.part == self._spec.part
        self._frames = progress.frames if same_part else 0
        self._how = f"continues from the checkpoint of part {progress.part}"
        if progress.platform != simulation.platform:
            self._how += f" of {progress.platform}, with fresh noise"
        return simulation, open_output(self._path, keep=progress.size if same_part else 0)

    def run(self) -> None:
        """Go on to the last step, the deadline or a request to stop."""
        self._log.begin(self._how)
        if self._is_new:
            self._write_frame()
            self._write_energies()
        # A part that goes on begins with the state of the checkpoint that is on the disk.
        self._write_checkpoint(durable=self._is_new)
        while not self._is_over():
            self._advance()
            self._log.progress()
        self._write_checkpoint()
        if self._energies is not None:
            self._energies.end()
        self._log.end(self._reason)

    def _is_over(self) -> bool:
        last = self._spec.last_step
        if last is not None and self._simulation.step_count >= last:
            self._reason = "Ended as planned"
        elif self._stop_requested():
            self._reason = "Stopped on request, after a checkpoint,"
        # A part that adds no frame would be no result: the first one is waited for.
        elif self._has_added_frame and time.monotonic() >= self._deadline:
            self._reason = "Ended after its wall time"
        return bool(self._reason)

    def _advance(self) -> None:
        step = self._simulation.step_count
        to_frame = self._spec.nstout - step % self._spec.nstout
        to_energies = to_frame if self._energies is None else self._energies.steps_to_next(step)
        last = self._spec.last_step
        to_end = to_frame if last is None else last - step
        steps = self._pacer.next_chunk(min(to_frame, to_energies, to_end))
        begin = time.monotonic()
        self._simulation.advance(steps)
        self._pacer.measured(steps, time.monotonic() - begin)
        if steps == to_frame:
            self._write_frame()
            self._has_added_frame = True
        if steps == to_energies:
            self._write_energies()
        # Also between frames, which may lie hours apart.
        if self._clock.is_due():
            self._write_checkpoint()

    def _write_energies(self) -> None:
        if self._energies is not None:
            self._energies.write(self._simulation.step_count, self._simulation.time)

    def _write_frame(self) -> None:
        simulation = self._simulation
        frame = simulation.configuration(), simulation.step_count, simulation.time
        retried_here(self._output.write, *frame, path=self._path, seconds=PATIENCE_SECONDS)
        self._frames += 1
        self._is_synced = False

    def _write_checkpoint(self, *, durable: bool = True) -> None:
        begin = time.monotonic()
        self._sync()
        size = self._path.stat().st_size
        simulation = self._simulation
        progress = Progress(
            simulation.step_count,
            self._spec.part,
            size,
            self._frames,
            simulation.platform,
            simulation.time,
        )
        write = partial(Checkpoint(progress, *simulation.save()).write, durable=durable)
        file = self._checkpoint_file
        retried_here(write, file, path=file, seconds=PATIENCE_SECONDS)
        self._clock.written(time.monotonic() - begin)

    def _sync(self) -> None:
        """Bring what a checkpoint refers to to the disk: frames, and the inputs once."""
        if self._is_new:
            for path in self._folder.glob(f"{glob.escape(self._checkpoint_file.stem)}.*"):
                if path.is_file():
                    sync(path)
            self._is_new = False
        elif not self._is_synced:
            sync(self._path)
        self._is_synced = True
        if self._energies is not None:
            self._energies.sync()
