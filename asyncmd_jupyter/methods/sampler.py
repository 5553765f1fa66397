"""Many short segments at once."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, Self

import numpy as np

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.stepping.engine import SteppingEngine, whole_number
from asyncmd_jupyter.engines.stepping.segments import Entry
from asyncmd_jupyter.errors import OtherKernelError
from asyncmd_jupyter.files.locking import claimed
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.methods.batches import (
    FOLDER_TAG,
    Batch,
    Batches,
    Limits,
    Work,
    identity_digest,
    read_entries,
)
from asyncmd_jupyter.methods.in_memory import FrameConditions
from asyncmd_jupyter.methods.path import Path
from asyncmd_jupyter.methods.segment_frames import InSegment
from asyncmd_jupyter.methods.snapshot import Snapshot

Start = Snapshot | Trajectory | Path

_KEEP = ("all", "ends")
_IN_A_QUEUE = 16
_VELOCITIES = ("keep", "new")


class Sampler:
    """Computes segments from many starts, in batches that run side by side.

    Parameters
    ----------
    engine : OpenMMEngine
    folder : path
        Is made if it is not there; holds the segments.
    workers : int, optional
        How many batches run at once; by default as many as there are cores for on this machine,
        and 16 jobs in a queue.
    seed : int, optional
        Of all noise and new velocities. A sampler with the same seed in the same folder finds
        the segments that were computed before, instead of computing them again: run the same
        script again after whatever ended it. Without a seed everything differs each time.
    launcher : str, optional
        Where batches run; by default the engine's.
    keep : str
        ``"all"`` frames, or ``"ends"``: the first and the last of each segment.
    """

    def __init__(
        self,
        engine: Any,
        *,
        folder: str | PathLike[str],
        workers: int | None = None,
        seed: int | None = None,
        launcher: str | None = None,
        keep: str = "all",
    ) -> None:
        if not isinstance(engine, SteppingEngine) or not engine.simulation:
            raise TypeError(f"{type(engine).__name__} computes no batches of segments.")
        if keep not in _KEEP:
            raise ValueError(f"keep={keep!r} has to be one of {', '.join(map(repr, _KEEP))}.")
        self._engine = copy.copy(engine)  # what is set later is for other jobs
        if launcher is not None:
            self._engine.launcher = launcher
        self._folder = FilePath(folder).absolute()
        self._keep = keep
        self._is_repeatable = seed is not None
        self._seed = secrets.randbits(62) if seed is None else whole_number("seed", seed, 0)
        fitting = _as_many_as_fit(self._engine)
        n_workers = fitting if workers is None else whole_number("workers", workers, 1)
        self._batches = Batches(self._engine, self._folder, n_workers)
        self._lock: ExitStack | None = None
        self._known: dict[str, Entry] = {}
        self._asked: Counter[bytes] = Counter()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        with ExitStack() as lock:
            if not lock.enter_context(claimed(self._folder / ".sampler.lock")):
                raise OtherKernelError(
                    f"Another sampler computes in {str(self._folder)!r}: use another folder, or "
                    "wait until it is closed."
                )
            await self._take_back()
            self._lock = lock.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _take_back(self) -> None:
        """Wait for batches that an earlier kernel has left, and look for what is there."""
        if not self._is_repeatable:
            return
        for job in await JobManager.current().unfinished({FOLDER_TAG: str(self._folder)}):
            await job.wait()
        for batch in await asyncio.to_thread(Batch.all_in, self._folder):
            found = await asyncio.to_thread(read_entries, batch.results)
            self._known |= {entry.key: entry for entry in found}
            await asyncio.to_thread(batch.tidy_up)

    async def run(
        self,
        starts: Sequence[Start],
        *,
        n_steps: int | None = None,
        until: Sequence[Any] = (),
        max_steps: int | None = None,
        velocities: str = "keep",
    ) -> list[Path]:
        """Compute a segment from each start.

        Parameters
        ----------
        starts : sequence of Snapshot, Trajectory or Path
            Of trajectories and paths the last frame.
        n_steps : int, optional
            Length of all segments in MD steps, a multiple of the engine's ``nstout``.
        until : sequence of conditions
            A segment ends at the first frame at which one holds, the start included. They are
            made of functions of coordinates (`CV`).
        max_steps : int, optional
            With `until`: the longest that a segment may get.
        velocities : str
            ``"keep"`` those of the starts, and draw where there are none, or draw ``"new"`` ones.

        Returns
        -------
        list of Path
            In the order of the starts. ``ended`` names the condition that ended it, None where
            none did. One that could not be computed to its end, because the simulation blew up,
            has the frames before that, and says why in ``error``.
        """
        paths: list[Path | None] = [None] * len(starts)
        computed = self.stream(
            starts, n_steps=n_steps, until=until, max_steps=max_steps, velocities=velocities
        )
        async for number, path in computed:
            paths[number] = path
        return [path for path in paths if path is not None]

    async def stream(
        self,
        starts: Sequence[Start],
        *,
        n_steps: int | None = None,
        until: Sequence[Any] = (),
        max_steps: int | None = None,
        velocities: str = "keep",
    ) -> AsyncIterator[tuple[int, Path]]:
        """Compute segments, and give each when it is there.

        Yields
        ------
        int
            Number of the start.
        Path
        """
        if self._lock is None:
            raise RuntimeError("Use the sampler within 'async with Sampler(…) as sampler:'.")
        limits = self._limits(n_steps, until, max_steps)
        work = await asyncio.to_thread(self._work, starts, limits, velocities)
        names = [] if limits.conditions is None else limits.conditions.names
        numbers = {each.key: number for number, each in enumerate(work)}
        found: asyncio.Queue[Entry | None] = asyncio.Queue()
        for each in work:
            if each.key in self._known:
                found.put_nowait(self._known[each.key])
        computing = runtime.start(
            self._batches.compute(work, self._known.keys(), limits, found.put_nowait)
        )
        computing.add_done_callback(lambda _: found.put_nowait(None))
        try:
            while (entry := await found.get()) is not None:
                number = numbers[entry.key]
                yield number, self._path(entry, names, work[number].start)
            await computing
        finally:
            computing.cancel()
            await asyncio.wait([computing])

    def _limits(self, n_steps: int | None, until: Sequence[Any], max_steps: int | None) -> Limits:
        given = {"n_steps": n_steps, "max_steps": max_steps}
        limits = {name: steps for name, steps in given.items() if steps is not None}
        if len(limits) != 1:
            raise ValueError("Give n_steps, or conditions as until=[…] with max_steps.")
        [(name, longest)] = limits.items()
        if longest < 1 or longest % self._engine.nstout:
            raise ValueError(
                f"{name}={longest} has to be a positive multiple of nstout={self._engine.nstout}, "
                "so that all frames are at equal distances."
            )
        conditions = FrameConditions(until) if until else None
        return Limits(longest, conditions, self._keep)

    def _work(self, starts: Sequence[Start], limits: Limits, velocities: str) -> list[Work]:
        if velocities not in _VELOCITIES:
            raise ValueError(f"velocities={velocities!r} has to be 'keep' or 'new'.")
        shared = self._digest_of_all(limits, velocities)
        snapshots = [_snapshot(start) for start in starts]
        for number, snapshot in enumerate(snapshots):
            self._check(number, snapshot)
        return [self._one(snapshot, shared, velocities) for snapshot in snapshots]

    def _check(self, number: int, start: Snapshot) -> None:
        if start.n_atoms != self._engine.n_atoms:
            raise ValueError(
                f"Start {number} has {start.n_atoms} atoms, the engine {self._engine.n_atoms}."
            )
        if self._engine.periodic and start.box is None:
            raise ValueError(f"Start {number} has no box, and the engine's system is periodic.")

    def _digest_of_all(self, limits: Limits, velocities: str) -> bytes:
        """What all segments of a call have in common."""
        conditions = [] if limits.conditions is None else limits.conditions.conditions
        content = [
            *(identity_digest(self._engine), self._seed, limits.max_steps, limits.keep),
            *(velocities, self._engine.nstout, [each.id for each in conditions]),
        ]
        return json.dumps(content, sort_keys=True).encode()

    def _one(self, start: Snapshot, shared: bytes, velocities: str) -> Work:
        digest = hashlib.blake2b(shared, digest_size=16)
        for array in (start.positions, start.velocities, start.box):
            digest.update(b"-" if array is None else array.tobytes())
        # Of equal ones each has its own noise, in the order in which they are asked for.
        alike = digest.digest()
        digest.update(str(self._asked[alike]).encode())
        self._asked[alike] += 1
        key = digest.hexdigest()
        if velocities == "new" or start.velocities is None:
            rng = np.random.default_rng(int(key, 16))
            start = start.with_new_velocities(self._engine, rng)
        return Work(key, start)

    def _path(self, entry: Entry, names: list[str], parent: Snapshot) -> Path:
        ended = None if entry.ended is None else names[entry.ended]
        # A segment of one frame is one that ended where it began.
        dt = entry.dt or self._engine.nstout * self._engine.dt
        path = Path.from_frames(InSegment(entry), dt=dt, ended=ended, parent=parent)
        path.error = entry.error
        return path


def _as_many_as_fit(engine: SteppingEngine) -> int:
    if not engine.takes_cores_here:
        return _IN_A_QUEUE
    return max(1, runtime.current().settings.max_cores // engine.cores)


def _snapshot(start: Any) -> Snapshot:
    if isinstance(start, Snapshot):
        return start
    if isinstance(start, Path):
        return start[-1]
    if isinstance(start, Trajectory):
        return Snapshot.of(start)
    raise TypeError(f"{start!r} is no start: give a Snapshot, a Path or a Trajectory.")
