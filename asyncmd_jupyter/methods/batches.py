"""Segments computed in batches, each of which is a job."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.stepping.batch import BatchSpec
from asyncmd_jupyter.engines.stepping.engine import SteppingEngine
from asyncmd_jupyter.engines.stepping.segments import Entry, entries
from asyncmd_jupyter.engines.stepping.surroundings import python_surroundings
from asyncmd_jupyter.engines.stepping.unchanged import content_digest
from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.files.writing import write_bytes
from asyncmd_jupyter.jobs.job import Job
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, Resources
from asyncmd_jupyter.methods.in_memory import FrameConditions, pickled_conditions
from asyncmd_jupyter.methods.snapshot import Snapshot

FOLDER_TAG = "sampler"
_MODULE = "asyncmd_jupyter.methods.batch_worker"
# A batch takes so long that its process costs little, and a crash not much; here and in a queue.
_SECONDS_HERE, _SECONDS_QUEUED = 3.0, 120.0
_FIRST_BATCH = 32
_LARGEST_BATCH = 2000
_SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True)
class Work:
    """A segment that is to be computed."""

    key: str
    start: Snapshot


@dataclass(frozen=True)
class Limits:
    """When segments end, and what is kept of them."""

    max_steps: int
    conditions: FrameConditions | None
    keep: str


@dataclass
class _Speed:
    """Seconds for a segment, as measured, and how long a batch is to take."""

    batch_seconds: float
    seconds: float | None = None

    def next_size(self, n_left: int, n_workers: int) -> int:
        """Segments of the next batch."""
        fair = -(-n_left // n_workers)
        wanted = _FIRST_BATCH if self.seconds is None else int(self.batch_seconds / self.seconds)
        return max(1, min(fair, wanted, _LARGEST_BATCH))

    def measured(self, n_segments: int, seconds: float) -> None:
        if n_segments:
            self.seconds = max(seconds / n_segments, 1e-6)


@dataclass(frozen=True)
class Batch:
    """The files of a batch."""

    folder: Path
    name: str

    @classmethod
    def all_in(cls, folder: Path) -> list[Batch]:
        """Those that have begun to write, or were about to."""
        names = {path.name.split(".")[1] for path in folder.glob("batch.*.*")}
        return [cls(folder, f"batch.{name}") for name in sorted(names)]

    @classmethod
    def new(cls, folder: Path) -> Batch:
        """One with a name of its own."""
        return cls(folder, f"batch.{secrets.token_hex(4)}")

    def path(self, ending: str) -> Path:
        """A file of the batch."""
        return self.folder / f"{self.name}.{ending}"

    @property
    def results(self) -> Path:
        """The file with the segments."""
        return self.path("segments")

    def write(
        self, engine: SteppingEngine, work: Sequence[Work], known: Set[str], limits: Limits
    ) -> str:
        """Write all that the worker needs; gives the digest of the specification."""
        name = f"physics.{identity_digest(engine)}"
        physics = engine.batch_physics(self.folder, name)
        write_starts(self.path("starts.npz"), [each.start for each in work])
        digests = {}
        if limits.conditions is not None:
            pickled = pickled_conditions(limits.conditions)
            digests[self.path("conditions").name] = content_digest(pickled)
            write_bytes(self.path("conditions"), pickled, durable=False)
        spec = BatchSpec(
            simulation=engine.simulation,
            physics=physics,
            keys=[each.key for each in work],
            known=[each.key for each in work if each.key in known],
            block=engine.segments_in_a_row,
            seeds=[
                _seed_of(work[first : first + engine.segments_in_a_row])
                for first in range(0, len(work), engine.segments_in_a_row)
            ],
            starts=self.path("starts.npz").name,
            conditions=next(iter(digests), ""),
            results=self.results.name,
            nstout=engine.nstout,
            max_steps=limits.max_steps,
            keep=limits.keep,
            digests=digests,
        )
        return spec.write(self.path("json"))

    def tidy_up(self) -> None:
        """Remove what only the worker needs."""
        for ending in ("json", "starts.npz", "conditions"):
            self.path(ending).unlink(missing_ok=True)


def identity_digest(engine: SteppingEngine) -> str:
    """Of all that decides what an engine computes, apart from starts and seeds."""
    content = json.dumps(engine.batch_identity(), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


async def _together(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all; when one fails or the caller is cancelled, for the end of the others first."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _seed_of(block: Sequence[Work]) -> int:
    """Of the noise that segments share: another one if any of them is another."""
    digest = hashlib.blake2b(" ".join(each.key for each in block).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big") >> 1


def _crash(job: Job, n_missing: int) -> str:
    return (
        f"The process of a batch ended ({job.state.value}) without computing any of {n_missing} "
        f"segments.\n{job.tail(15)}\nAll of its output: {job.record.folder}"
    )


def read_entries(path: Path, offset: int = 0) -> list[Entry]:
    """All whole segments of a file from an offset on."""
    return list(entries(path, offset))


def write_starts(path: Path, starts: Sequence[Snapshot]) -> None:
    """Write the arrays of starts, one after the other."""
    arrays = {"positions": np.stack([each.positions for each in starts])}
    arrays["velocities"] = np.stack([each.velocities for each in starts])  # type: ignore[misc]
    if starts[0].box is not None:
        arrays["box"] = np.stack([each.box for each in starts])  # type: ignore[misc]
    with path.open("xb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


@dataclass
class Batches:
    """Computes segments in a folder with at most so many jobs at once.

    Parameters
    ----------
    engine : SteppingEngine
    folder : Path
    n_workers : int
    """

    engine: SteppingEngine
    folder: Path
    n_workers: int
    _speed: _Speed = field(init=False)

    def __post_init__(self) -> None:
        is_here = self.engine.takes_cores_here
        self._speed = _Speed(_SECONDS_HERE if is_here else _SECONDS_QUEUED)

    async def compute(
        self,
        work: Sequence[Work],
        known: Set[str],
        limits: Limits,
        found: Callable[[Entry], None],
    ) -> None:
        """Compute segments.

        Parameters
        ----------
        work : sequence of Work
            All that were asked for at once; those of one block share noise.
        known : set of str
            Keys of those that are there.
        limits : Limits
        found : Callable
            Is told each segment when it is there, in any order.

        Raises
        ------
        EngineCrashedError
            If the program ended before it had computed its segments.
        """
        n = self.engine.segments_in_a_row
        blocks = [work[first : first + n] for first in range(0, len(work), n)]
        left = deque(block for block in blocks if any(each.key not in known for each in block))

        async def keep_going() -> None:
            while left:
                size = self._speed.next_size(n * len(left), self.n_workers)
                taken = [left.popleft() for _ in range(min(len(left), -(-size // n)))]
                await self._one_batch(list(chain(*taken)), known, limits, found)

        await _together([runtime.start(keep_going()) for _ in range(self.n_workers)])

    async def _one_batch(
        self,
        work: list[Work],
        known: Set[str],
        limits: Limits,
        found: Callable[[Entry], None],
    ) -> None:
        batch = Batch.new(self.folder)
        digest = await asyncio.to_thread(batch.write, self.engine, work, known, limits)
        command = (sys.executable, "-P", "-m", _MODULE, str(batch.path("json")), digest)
        missing = {each.key for each in work} - known
        while missing:
            job = await self._submit(command, len(missing))
            n_missing = len(missing)
            try:
                await self._follow(job, batch, missing, found)
            except BaseException:
                await asyncio.shield(job.cancel())
                raise
            if len(missing) == n_missing:  # else what is left is tried once more
                raise EngineCrashedError(_crash(job, len(missing)))
        await asyncio.to_thread(batch.tidy_up)

    async def _submit(self, argv: tuple[str, ...], n_segments: int) -> Job:
        command, resources = self.engine.placed(
            Command(argv, self.folder, python_surroundings()), Resources(cores=self.engine.cores)
        )
        return await JobManager.current().submit(
            command,
            name=f"{self.folder.name}.{n_segments}",
            resources=resources,
            launcher=self.engine.launcher,
            tags={FOLDER_TAG: str(self.folder), "segments": str(n_segments)},
        )

    async def _follow(
        self, job: Job, batch: Batch, missing: set[str], found: Callable[[Entry], None]
    ) -> None:
        """Tell of segments as they come, until the job has ended."""
        ended = runtime.start(job.wait())
        offset, n_found, begin = 0, 0, time.monotonic()
        try:
            while True:
                is_over = ended.done()
                new = await asyncio.to_thread(read_entries, batch.results, offset)
                for entry in (each for each in new if each.key in missing):
                    missing.remove(entry.key)
                    found(entry)
                if new and not n_found:
                    begin = time.monotonic()  # its process has started
                n_found, offset = n_found + len(new), new[-1].end if new else offset
                if is_over:
                    break
                await asyncio.wait([ended], timeout=_SECONDS_BETWEEN_LOOKS)
        finally:
            ended.cancel()
        self._speed.measured(n_found, time.monotonic() - begin)
