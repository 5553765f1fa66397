"""What can be seen of a run from outside: immutable snapshots, made for views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class RunState(Enum):
    """States of a walker and, summed up, of a run."""

    PREPARING = "preparing"
    WAITING = "waiting"  # its job waits for cores or in a queue
    RUNNING = "running"
    HELD = "held"  # nothing is computed until it is resumed
    REACHED = "reached"  # a condition (or all of them) was fulfilled
    DONE = "done"  # it has the length that was asked for, without conditions
    LIMIT = "limit"  # the step limit came first
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self in _FINAL


_FINAL = (
    RunState.REACHED,
    RunState.DONE,
    RunState.LIMIT,
    RunState.CANCELLED,
    RunState.FAILED,
)


def combined_state(states: Sequence[RunState]) -> RunState:
    """One state for a run with walkers in these."""
    for state in _BY_URGENCY:
        if state in states:
            return state
    return RunState.PREPARING


_BY_URGENCY = (
    RunState.RUNNING,
    RunState.WAITING,
    RunState.PREPARING,
    RunState.HELD,
    RunState.FAILED,
    RunState.CANCELLED,
    RunState.LIMIT,
    RunState.DONE,
    RunState.REACHED,
)


_WORDS = {
    RunState.REACHED: "reached",
    RunState.DONE: "done",
    RunState.LIMIT: "at the limit",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
    RunState.RUNNING: "running",
    RunState.PREPARING: "preparing",
    RunState.WAITING: "waiting",
    RunState.HELD: "held",
}


def states_in_words(states: Sequence[RunState]) -> str:
    """The state of one walker, or how many of several are in which.

    Examples
    --------
    >>> states_in_words([RunState.REACHED, RunState.FAILED, RunState.REACHED])
    '2 of 3 reached, 1 failed'
    """
    counts = [(states.count(state), word) for state, word in _WORDS.items() if state in states]
    if len(states) == 1:
        return states[0].value
    if len(counts) == 1:
        return f"all {len(states)} {counts[0][1]}"
    said = [f"{count} {word}" for count, word in counts]
    if said:
        said[0] = f"{counts[0][0]} of {len(states)} {counts[0][1]}"
    return ", ".join(said)


@dataclass(frozen=True)
class WalkerSnapshot:
    """One walker at one moment.

    Attributes
    ----------
    index : int
        Counts the walkers of the run from 0.
    state : RunState
    steps_done : int
        MD steps on disk, the running part included.
    step_limit : int or None
        At which it ends without a condition.
    time_done : float
        Simulated time on disk in ps. This and all times are those since the start of the run,
        whatever its files begin with.
    ns_per_day : float or None
        Measured over the running part.
    seconds_left : float or None
        Wall time until the step limit at the measured speed.
    n_frames : int
        Whole frames on disk, the growing file included.
    part : int
        Number of the running or last part, 0 before the first.
    job_id : str or None
        The job of the running or last part.
    reached : tuple of str
        Names of the conditions that ended it.
    reached_time : float or None
        Simulated time in ps of the deciding frame.
    trajectory_files : tuple of Path
        All parts, the growing one last; after the end the one result file.
    structure_file : Path or None
    error : str
        Why it failed, in words.
    time_limit : float or None
        Simulated time in ps that belongs to the step limit.
    """

    index: int
    state: RunState = RunState.PREPARING
    steps_done: int = 0
    step_limit: int | None = None
    time_done: float = 0.0
    ns_per_day: float | None = None
    seconds_left: float | None = None
    n_frames: int = 0
    part: int = 0
    job_id: str | None = None
    reached: tuple[str, ...] = ()
    reached_time: float | None = None
    trajectory_files: tuple[Path, ...] = ()
    structure_file: Path | None = None
    error: str = ""
    time_limit: float | None = None

    @property
    def share_done(self) -> float | None:
        """Part of what it was to do that is done; None where nothing limits that.

        One that has come to its end has done all of it, one that was cancelled or failed only
        what it has computed.
        """
        if self.state in _WITH_RESULT:
            return 1.0
        return min(1.0, self.steps_done / self.step_limit) if self.step_limit else None


_WITH_RESULT = (RunState.REACHED, RunState.DONE, RunState.LIMIT)


def at_least(now: WalkerSnapshot, known: WalkerSnapshot | None) -> WalkerSnapshot:
    """What an earlier kernel knew, as long as less than that has been read again."""
    if known is None or now.steps_done >= known.steps_done or now.state in _WITH_RESULT:
        return now
    return replace(
        now,
        steps_done=known.steps_done,
        time_done=known.time_done,
        seconds_left=None,
        n_frames=known.n_frames,
        part=max(now.part, known.part),
        job_id=now.job_id or known.job_id,
        trajectory_files=tuple(dict.fromkeys((*known.trajectory_files, *now.trajectory_files))),
        structure_file=now.structure_file or known.structure_file,
    )


@dataclass(frozen=True)
class RunSnapshot:
    """A run at one moment.

    Attributes
    ----------
    id : str
        The name the user gave it.
    conditions : tuple of str
        Names of the conditions.
    mode : str
        ``any`` or ``all``.
    workdir : Path
    state : RunState
        RUNNING as long as any walker goes on, then the worst of their final states.
    walkers : tuple of WalkerSnapshot
    wall_seconds : float
        Since the start, until now or the end.
    campaign : str
        Name of the group it belongs to; may be empty.
    engine : str
        Name of the MD program.
    launcher : str
        Name of what runs its jobs; empty for engines that run none.
    takes_cores_here : bool
        Whether walkers that wait do so for cores of this machine, and not in a queue.
    """

    id: str
    conditions: tuple[str, ...]
    mode: str
    workdir: Path
    state: RunState
    walkers: tuple[WalkerSnapshot, ...]
    wall_seconds: float
    campaign: str = ""
    engine: str = ""
    launcher: str = ""
    takes_cores_here: bool = True

    @property
    def states_in_words(self) -> str:
        """The state of its walker, or how many of its walkers are in which."""
        return states_in_words([walker.state for walker in self.walkers])


@dataclass(frozen=True)
class Band:
    """The interval of an observable that belongs to a condition.

    Attributes
    ----------
    condition : str
        The condition it is part of.
    low, high : float
        Limits, may be infinite; ``low > high`` never happens.
    period : float or None
        Of the observable, such as 360 for an angle in degrees.
    """

    condition: str
    low: float
    high: float
    period: float | None = None


@dataclass(frozen=True)
class Observable:
    """A function of the frames behind one or more conditions.

    Attributes
    ----------
    name : str
    values : NDArray
        float, shape (n_frames,).
    bands : tuple of Band
    unit : str
        Of the values; empty where nobody has said it.
    """

    name: str
    values: NDArray[np.float64]
    bands: tuple[Band, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class ConditionSeries:
    """What the conditions of one walker said, frame by frame.

    Attributes
    ----------
    times : NDArray
        float, shape (n_frames,), simulated time in ps since the start of the run.
    parts : NDArray
        int, shape (n_frames,), number of the part each frame lies in.
    fulfilled : dict
        Name of a condition -> bool array of shape (n_frames,).
    observables : tuple of Observable
        Empty where the conditions are plain functions that give bools.
    reached_frame : int or None
        Index of the deciding frame.
    """

    times: NDArray[np.float64]
    parts: NDArray[np.int64]
    fulfilled: dict[str, NDArray[np.bool_]]
    observables: tuple[Observable, ...] = field(default=())
    reached_frame: int | None = None


@dataclass(frozen=True)
class SeriesPieces:
    """The same, one series for each part: made without copying, however long they are.

    The arrays are views of what never changes, so another thread may join them later.

    Attributes
    ----------
    parts : tuple of ConditionSeries
        In order, all with the same conditions and observables.
    reached_frame : int or None
        Index of the deciding frame among those of all parts; later ones do not count.
    is_read : bool
        False while the parts of a run that was brought back are still to be read.
    """

    parts: tuple[ConditionSeries, ...]
    reached_frame: int | None = None
    is_read: bool = True

    @property
    def n_frames(self) -> int:
        """Frames that count."""
        known = sum(len(part.times) for part in self.parts)
        return known if self.reached_frame is None else min(known, self.reached_frame + 1)

    @property
    def observables(self) -> tuple[Observable, ...]:
        """What is compared, with the values of the first part only."""
        return self.parts[0].observables if self.parts else ()

    def joined(self) -> ConditionSeries:
        """Everything in one piece, up to and with the frame that decided."""
        parts, end = self.parts, self.n_frames
        names = parts[0].fulfilled if parts else {}
        return ConditionSeries(
            times=_joined([part.times for part in parts], end),
            parts=_joined([part.parts for part in parts], end, np.int64),
            fulfilled={
                name: _joined([part.fulfilled[name] for part in parts], end, np.bool_)
                for name in names
            },
            observables=tuple(
                replace(o, values=_joined([p.observables[i].values for p in parts], end))
                for i, o in enumerate(self.observables)
            ),
            reached_frame=self.reached_frame,
        )


def _joined(arrays: Sequence[NDArray[Any]], end: int, dtype: Any = np.float64) -> NDArray[Any]:
    return np.concatenate(arrays)[:end] if arrays else np.zeros(0, dtype)
