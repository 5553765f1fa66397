"""Many short segments, one after the other, with one simulation object."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.segments import Segment, append_segment, entries
from asyncmd_jupyter.engines.stepping.unchanged import content_digest, read_unchanged
from asyncmd_jupyter.files.reading import parse_json
from asyncmd_jupyter.files.writing import write_bytes

Judge = Callable[[NDArray[Any], NDArray[Any] | None], int | None]
"""Number of the condition that holds, for positions (1, n_atoms, 3) and a box (1, 3, 3)."""


class SegmentSimulation(Protocol):
    """A simulation that can begin again and again."""

    @property
    def time(self) -> float:
        """Simulated time since the last beginning in ps."""
        ...

    def begin_again(self, start: Configuration, seed: int | None) -> None:
        """Begin at step 0, with noise that is decided by the seed and with nothing left over.

        Without a seed the noise goes on as it is, and so does what else is not in the start.
        """
        ...

    def advance(self, n_steps: int) -> None:
        """Take MD steps."""
        ...

    def configuration(self) -> Configuration:
        """Positions, velocities and box now; FloatingPointError if they are not finite."""
        ...


@dataclass(frozen=True)
class BatchSpec:
    """What a worker is told; file names are relative to its folder.

    Attributes
    ----------
    simulation : str
        ``module:name`` of what makes the simulation from its physics, part and folder.
    physics : dict
    keys : list of str
        Of the segments.
    known : list of str
        Keys of those that are elsewhere, and are computed only because others share their noise.
    block : int
        So many in a row share a stream of noise; the last ones may be fewer.
    seeds : list of int
        One for each block.
    starts : str
        npz file with arrays of all starts.
    conditions : str
        File with the conditions, empty without any.
    results : str
    nstout : int
        Steps between two frames.
    max_steps : int
    keep : str
        ``all`` frames, or ``ends``: the first and the last.
    digests : dict
        Of files in which code may lie.
    """

    simulation: str
    physics: dict[str, Any]
    keys: list[str]
    known: list[str]
    block: int
    seeds: list[int]
    starts: str
    conditions: str
    results: str
    nstout: int
    max_steps: int
    keep: str
    digests: dict[str, str]

    def write(self, path: Path) -> str:
        """Write it, and give the digest by which the worker knows it."""
        content = json.dumps(asdict(self)).encode()
        write_bytes(path, content, durable=False)
        return content_digest(content)

    @classmethod
    def read(cls, path: Path, digest: str) -> BatchSpec:
        """Read what `write` wrote."""
        return cls(**parse_json(read_unchanged(path, digest)))


class BatchRun:
    """Computes the segments of a batch that are not in its file yet.

    Parameters
    ----------
    spec : BatchSpec
    folder : Path
    simulation : SegmentSimulation
    judge : Judge
    stop_requested : Callable
        Asked between two segments.
    """

    def __init__(
        self,
        spec: BatchSpec,
        folder: Path,
        simulation: SegmentSimulation,
        judge: Judge,
        stop_requested: Callable[[], bool],
        failures: tuple[type[Exception], ...] = (),
    ) -> None:
        self._spec = spec
        self._path = folder / spec.results
        self._simulation = simulation
        self._judge = judge
        self._stop_requested = stop_requested
        self._failures: tuple[type[Exception], ...] = (FloatingPointError, *failures)
        with np.load(folder / spec.starts, allow_pickle=False) as arrays:
            self._starts = {name: arrays[name] for name in arrays.files}

    def run(self) -> None:
        """Go through the segments until all are there, or a request to stop."""
        known = list(entries(self._path))
        done = {entry.key for entry in known}.union(self._spec.known)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "r+b") as file:
            file.truncate(known[-1].end if known else 0)  # a torn one at the end
            file.seek(0, os.SEEK_END)
            for block, seed in enumerate(self._spec.seeds):
                first = block * self._spec.block
                numbers = range(len(self._spec.keys))[first : first + self._spec.block]
                missing = [n for n in numbers if self._spec.keys[n] not in done]
                if missing and not self._compute(numbers, seed, missing, file):
                    return

    def _compute(self, numbers: range, seed: int, missing: Sequence[int], file: BinaryIO) -> bool:
        """Compute the segments of a block; False if it was to stop in the middle."""
        made = []
        for number in numbers:
            if self._stop_requested():
                return False
            made.append(self._segment(number, seed if number == numbers[0] else None))
        for number, segment in zip(numbers, made, strict=True):
            if number in missing:
                append_segment(file, segment)
        return True

    def _segment(self, number: int, seed: int | None) -> Segment:
        start = Configuration(**{name: each[number] for name, each in self._starts.items()})
        frames: list[Configuration] = [start]
        ended, error = None, ""
        try:
            ended = self._propagate(start, seed, frames)
        except self._failures as failure:
            error = str(failure)
        return self._made(self._spec.keys[number], frames, ended, error)

    def _propagate(
        self, start: Configuration, seed: int | None, frames: list[Configuration]
    ) -> int | None:
        self._simulation.begin_again(start, seed)
        if (met := self._judged(start)) is not None:
            return met
        for n_steps in self._stretches():
            self._simulation.advance(n_steps)
            frames.append(_as_kept(self._simulation.configuration()))
            if (met := self._judged(frames[-1])) is not None:
                return met
        return None

    def _stretches(self) -> Iterator[int]:
        whole, rest = divmod(self._spec.max_steps, self._spec.nstout)
        yield from [self._spec.nstout] * whole
        if rest:
            yield rest

    def _judged(self, frame: Configuration) -> int | None:
        box = None if frame.box is None else frame.box[None]
        return self._judge(frame.positions[None], box)

    def _made(
        self, key: str, frames: list[Configuration], ended: int | None, error: str
    ) -> Segment:
        kept = frames if self._spec.keep == "all" else [frames[0], frames[-1]][: len(frames)]
        arrays = {
            name: _stacked([getattr(frame, name) for frame in kept])
            for name in ("positions", "velocities", "box")
        }
        dt = 0.0
        if len(frames) > 1:
            dt = self._simulation.time / (len(frames) - 1)
            dt *= (len(frames) - 1) / (len(kept) - 1)
        return Segment(key, **arrays, dt=dt, ended=ended, error=error)  # type: ignore[arg-type]


def _as_kept(frame: Configuration) -> Configuration:
    """In the precision of files, so that conditions see what is read from them."""
    return Configuration(
        frame.positions.astype("<f4"),
        None if frame.velocities is None else frame.velocities.astype("<f4"),
        None if frame.box is None else frame.box.astype("<f4"),
    )


def _stacked(arrays: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    there = [array for array in arrays if array is not None]
    return np.stack(there) if len(there) == len(arrays) else None
