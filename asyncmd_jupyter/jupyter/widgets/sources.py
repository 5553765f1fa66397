"""What a preview can show: walkers of runs, and trajectories."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.preview_words import ENDED_BEFORE
from asyncmd_jupyter.jupyter.widgets.walker_frames import ShownFrame, WalkerFrames, in_angstrom
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.run_spec import RunSpec

_FOLLOWED = (".xtc", ".trr")
_STILL_SECONDS = 30.0  # a file that did not grow for so long has ended


class Source(ABC):
    """Frames that may still grow. What reads them blocks: use threads.

    Attributes
    ----------
    label : str
        How it is called in a list.
    run : RunLike or None
        The run that computes it.
    """

    label: str
    run: RunLike | None = None

    @property
    @abstractmethod
    def structure_file(self) -> Path | None:
        """Where names are; None as long as there is no file."""

    @property
    @abstractmethod
    def times(self) -> NDArray[np.float64]:
        """Of the known frames, ps."""

    @property
    @abstractmethod
    def has_ended(self) -> bool:
        """Whether no more frames are to be expected."""

    @property
    def must_be_polled(self) -> bool:
        """Whether nothing tells of new frames."""
        return False

    @abstractmethod
    def follow(self) -> int:
        """Look for new frames and return how many there are in all."""

    @abstractmethod
    def frame(self, number: int) -> ShownFrame:
        """Read a frame."""

    @abstractmethod
    def extractable(self, number: int) -> Any:
        """Give the frame as a trajectory and a number in it, in a context."""

    def __len__(self) -> int:
        return len(self.times)

    def walker(self) -> WalkerSnapshot | None:
        """What its run says of it now; None where no run computes it."""
        return None

    def told(self) -> str:
        """How many frames there are, in words."""
        return _frames(len(self))

    @property
    def spec(self) -> RunSpec | None:
        """What its run was asked for, if that is known."""
        spec = getattr(self.run, "spec", None)
        return spec if isinstance(spec, RunSpec) else None


def _frames(number: int) -> str:
    return f"{number} frame{'' if number == 1 else 's'}"


class WalkerSource(Source):
    """One walker of a run.

    Parameters
    ----------
    run : RunLike
    walker : int
    label : str
    """

    def __init__(self, run: RunLike, walker: int, label: str) -> None:
        self.run: RunLike = run
        self.label = label
        self.index = walker
        self._frames: WalkerFrames | None = None

    def walker(self) -> WalkerSnapshot:
        """What its run says of it now."""
        return self.run.snapshot().walkers[self.index]

    @property
    def structure_file(self) -> Path | None:
        """Of the walker's parts; None before the first."""
        return self.walker().structure_file

    @property
    def times(self) -> NDArray[np.float64]:
        """Of the frames on disk, since the start of the run."""
        return np.empty(0) if self._frames is None else self._frames.times

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self.run.snapshot().state.is_final

    def told(self) -> str:
        """How many frames there are, or that there will never be any."""
        run = self.run.snapshot()
        walker = run.walkers[self.index]
        # Files of a run that has ended may not have been looked at yet.
        is_known = self._frames is not None or walker.structure_file is None
        if not len(self) and run.state.is_final and is_known and not walker.n_frames:
            return ENDED_BEFORE
        return _frames(len(self) or walker.n_frames)

    def follow(self) -> int:
        """Look at the files of all parts."""
        walker = self.walker()
        if walker.structure_file is None:
            return 0
        if self._frames is None:
            self._frames = WalkerFrames(walker.structure_file)
        # A start that fulfils the conditions is a frame of another simulation.
        spec = self.spec if walker.part else None
        clock = None if spec is None else Clock.of(spec.engine)
        return self._frames.follow(_files(walker, self._frames.paths), clock)

    def frame(self, number: int) -> ShownFrame:
        """Read a frame."""
        return self._known().frame(number)

    @contextmanager
    def extractable(self, number: int) -> Iterator[tuple[Trajectory, int]]:
        """Give the file itself after the end, a copy of the frame while it grows."""
        frames = self._known()
        place = frames.place(number)
        if self.walker().state.is_final:
            yield Trajectory(place.file.path, frames.structure_file), place.index
        else:
            with frames.copied(number) as copy:
                yield copy, 0

    def _known(self) -> WalkerFrames:
        if self._frames is None:
            raise IndexError(f"{self.label} has no frames yet.")
        return self._frames


class TrajectorySource(Source):
    """A trajectory, of any format; XTC and TRR files may still grow.

    Parameters
    ----------
    trajectory : Trajectory
    """

    def __init__(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        self.label = Path(trajectory.trajectory_files[-1]).name
        xdr = all(path.suffix.lower() in _FOLLOWED for path in trajectory.paths)
        self._frames = WalkerFrames(trajectory.structure_path) if xdr else None
        self._times = np.empty(0)
        self._grew = time.time()

    @property
    def structure_file(self) -> Path:
        """The trajectory's."""
        return self._trajectory.structure_path

    @property
    def times(self) -> NDArray[np.float64]:
        """Of the known frames."""
        return self._times

    @property
    def must_be_polled(self) -> bool:
        """Whether it may grow."""
        return self._frames is not None and not self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether its file was left alone for a while."""
        return len(self._times) > 0 and time.time() - self._grew > _STILL_SECONDS

    def follow(self) -> int:
        """Look for new frames; those of other formats don't grow."""
        if self._frames is None:
            self._times = np.asarray(self._trajectory.frame_table().times)
            self._grew = 0.0
            return len(self._times)
        self._frames.follow(self._trajectory.paths)
        self._grew = max(map(_changed, self._trajectory.paths))
        self._times = self._frames.times
        return len(self._times)

    def frame(self, number: int) -> ShownFrame:
        """Read a frame."""
        if self._frames is not None:
            return self._frames.frame(number)
        found = read_frame(self._trajectory, number)
        return in_angstrom(found.positions, found.box)

    @contextmanager
    def extractable(self, number: int) -> Iterator[tuple[Trajectory, int]]:
        """Give the trajectory itself."""
        yield self._trajectory, number


def sources_of(items: Sequence[RunLike | Trajectory | Source]) -> list[Source]:
    """List all that can be shown of runs and trajectories; sources stay as they are.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        If there is nothing.
    """
    found: list[Source] = []
    for item in items:
        if isinstance(item, Source):
            found.append(item)
        elif isinstance(item, Trajectory):
            found.append(TrajectorySource(item))
        elif callable(getattr(item, "snapshot", None)):
            found.extend(_of_run(item, alone=len(items) == 1))
        else:
            raise TypeError(f"{item!r} is neither a run nor a Trajectory.")
    if not found:
        raise ValueError("There is nothing to show: give runs or trajectories.")
    return found


def _of_run(run: RunLike, *, alone: bool) -> Iterator[WalkerSource]:
    n_walkers = len(run.snapshot().walkers)
    for walker in range(n_walkers):
        which = f"walker {walker}"
        both = f"{run.id}, {which}" if n_walkers > 1 else run.id
        yield WalkerSource(run, walker, which if alone else both)


def _changed(path: Path) -> float:
    """When a file was written to; long ago if it is gone."""
    return path.stat().st_mtime if path.exists() else 0.0


def _files(walker: WalkerSnapshot, known: tuple[Path, ...]) -> tuple[Path, ...]:
    """Where the frames are: a walker that was ended names no part that it did not finish."""
    if walker.state not in (RunState.CANCELLED, RunState.FAILED):
        return walker.trajectory_files
    return tuple(dict.fromkeys((*known, *walker.trajectory_files)))
