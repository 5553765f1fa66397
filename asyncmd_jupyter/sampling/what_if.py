"""Where runs would have ended with other conditions, told from their stored frames."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.conditions import Condition, as_condition
from asyncmd_jupyter.sampling.part_evaluator import PartEvaluator
from asyncmd_jupyter.sampling.progress import (
    RunSnapshot,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
)
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.series import SeriesBook
from asyncmd_jupyter.sampling.simulation import FinishedPart
from asyncmd_jupyter.sampling.states import quantities
from asyncmd_jupyter.sampling.stop import Decision, stop_rule
from asyncmd_jupyter.sampling.timeline import line_up
from asyncmd_jupyter.sampling.verdicts import named_apart


class SpecifiedRun(Protocol):
    """What has to be known of a run; `asyncmd_jupyter.sampling.run.Run` is one."""

    spec: RunSpec

    def snapshot(self) -> RunSnapshot:
        """Return its state at this moment."""
        ...


@dataclass(frozen=True)
class WhatIf:
    """What one walker's stored frames say about other conditions.

    Attributes
    ----------
    run : str
    walker : int
    reached : tuple of str
        Names of the conditions that would have ended it; empty if they hold in no
        stored frame.
    frame, step, part : int or None
        Of the deciding frame: its index among the walker's frames, its MD step, and the
        part (from 1) it lies in.
    time : float or None
        In ps since the start of the run, as all of them.
    n_frames : int
        Stored frames that were looked at.
    last_time : float or None
        Of the last of them, in ps.
    was : tuple of str
        What did end it.
    was_time : float or None
    state : RunState
        Of the walker.
    """

    run: str
    walker: int
    reached: tuple[str, ...]
    frame: int | None
    step: int | None
    time: float | None
    part: int | None
    n_frames: int
    last_time: float | None
    was: tuple[str, ...]
    was_time: float | None
    state: RunState

    @property
    def is_as_it_was(self) -> bool:
        """Whether it would have ended where it did."""
        if self.time is None or self.was_time is None:
            return False
        return bool(self.reached == self.was and np.isclose(self.time, self.was_time))

    @property
    def frames_end_too_early(self) -> bool:
        """Whether only new MD could tell when the conditions hold."""
        return not self.reached and self.state is not RunState.LIMIT

    def __str__(self) -> str:
        """One sentence without its subject and full stop."""
        if self.reached:
            return self._ending()
        if not self.n_frames:
            return "has no stored frames to look at"
        looked = (
            f"would not have ended within its {self.n_frames} stored frames ({_ps(self.last_time)})"
        )
        if self.state is RunState.LIMIT:
            return f"{looked}, so its step limit would have come first again"
        if not self.state.is_final:
            return f"{looked}, and {'is held' if self.state is RunState.HELD else 'goes on'}"
        return f"{looked}, which end there: only new MD can tell"

    def _ending(self) -> str:
        place = f"{' and '.join(self.reached)} at {_ps(self.time)}"
        if self.is_as_it_was:
            return f"would have ended as it did, with {place}"
        told = f"would have ended with {place} (frame {self.frame}, step {self.step}"
        told += f", part {self.part})"
        if not self.was or self.was_time is None:
            return told
        return f"{told} instead of {' and '.join(self.was)} at {_ps(self.was_time)}"


@dataclass(frozen=True)
class Rejudged:
    """One walker under other conditions: where it would have ended, and what to draw."""

    outcome: WhatIf
    walker: WalkerSnapshot
    pieces: SeriesPieces


async def what_if(
    run: SpecifiedRun, until: Sequence[Any], mode: str | None = None
) -> tuple[WhatIf, ...]:
    """Tell where each walker of a run would have ended with other conditions.

    No MD is computed. All stored frames count, also those that were computed behind the
    deciding one, as long as the parts are on disk. Values of functions that are known are
    not computed again.

    Parameters
    ----------
    run : Run
        Of one that goes on, the finished parts are looked at.
    until : list of condition or (str, condition)
        As for `start_run`.
    mode : str, optional
        ``any`` or ``all``; by default that of the run.

    Raises
    ------
    TypeError, ValueError
        For conditions or a mode that can't be used.
    """
    return tuple(one.outcome for one in await rejudged(run, until, mode))


async def rejudged(
    run: SpecifiedRun, until: Sequence[Any], mode: str | None = None
) -> tuple[Rejudged, ...]:
    """Do as `what_if`, and keep what the conditions say of each frame."""
    named = named_apart(named_conditions(until))
    judge = _Judge(run.spec, named, run.spec.mode if mode is None else mode)
    snapshot = run.snapshot()
    return tuple([await judge.walker(snapshot, walker) for walker in snapshot.walkers])


def named_conditions(until: Sequence[Any]) -> list[Condition]:
    """Make conditions out of functions, conditions and pairs of a name and one of these.

    Raises
    ------
    TypeError, ValueError
        If there is none, or one is no condition.
    """
    if isinstance(until, str) or not isinstance(until, Sequence):
        raise TypeError(f"until={until!r} has to be a list of conditions.")
    if not until:
        raise ValueError("until is empty: give at least one condition.")
    pairs = ((one if _is_pair(one) else (None, one)) for one in until)
    return [as_condition(condition, name) for name, condition in pairs]


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2


class _Judge:
    def __init__(self, spec: RunSpec, named: list[tuple[str, Condition]], mode: str) -> None:
        self._spec, self._named, self._mode = spec, named, mode
        self._rule = stop_rule(mode)

    async def walker(self, run: RunSnapshot, walker: WalkerSnapshot) -> Rejudged:
        trajectories = await asyncio.to_thread(stored_parts, self._spec, walker)
        parts = [await FinishedPart.of(trajectory) for trajectory in trajectories]
        steps, counts = line_up([part.table for part in parts], lambda: self._spec.engine.dt)
        names = [name for name, _ in self._named]
        book = SeriesBook(names, await asyncio.to_thread(quantities, self._named))
        # A start that fulfils the conditions is a frame of another simulation.
        clock = Clock.of(self._spec.engine) if walker.part else Clock()
        evaluator = PartEvaluator(self._named)
        end: tuple[int, Decision] | None = None
        before: list[bool] | None = None
        for index, (part, count) in enumerate(zip(parts, counts, strict=True)):
            whole = await evaluator.examine(parts[: index + 1], counts[:index])
            seen = [one.first(count) for one in whole]
            times = clock.times(steps[index], part.table.times)
            book.examined(index + 1, times[:count], seen, live=False)
            fulfilled = [one.fulfilled for one in seen]
            decision = self._rule.first(fulfilled, before) if end is None else None
            before = [bool(one[-1]) for one in fulfilled] if count else before
            end = end if decision is None else (index, decision)
        if end is None:
            return self._unended(run, walker, book)
        place, decision = end
        return self._ended(run, walker, book, place, decision, steps, counts)

    def _unended(self, run: RunSnapshot, walker: WalkerSnapshot, book: SeriesBook) -> Rejudged:
        pieces = book.pieces()
        nothing = dict.fromkeys(("frame", "step", "time", "part"))
        outcome = _outcome(run, walker, pieces, reached=(), **nothing)
        return Rejudged(outcome, walker, pieces)

    def _ended(
        self,
        run: RunSnapshot,
        walker: WalkerSnapshot,
        book: SeriesBook,
        place: int,
        decision: Decision,
        steps: Sequence[Any],
        counts: Sequence[int],
    ) -> Rejudged:
        names = tuple(name for name, _ in self._named)
        frame = sum(counts[:place]) + decision.frame
        pieces = book.pieces(frame)
        outcome = _outcome(
            run,
            walker,
            book.pieces(),
            reached=names if self._mode == "all" else (names[decision.condition],),
            frame=frame,
            step=int(steps[place][decision.frame]),
            time=float(pieces.parts[place].times[decision.frame]),
            part=place + 1,
        )
        return Rejudged(outcome, walker, pieces)


def _outcome(
    run: RunSnapshot, walker: WalkerSnapshot, pieces: SeriesPieces, **found: Any
) -> WhatIf:
    times = [part.times for part in pieces.parts if len(part.times)]
    return WhatIf(
        run=run.id,
        walker=walker.index,
        n_frames=pieces.n_frames,
        last_time=float(times[-1][-1]) if times else None,
        was=walker.reached,
        was_time=walker.reached_time,
        state=walker.state,
        **found,
    )


def stored_parts(spec: RunSpec, walker: WalkerSnapshot) -> list[Trajectory]:
    """Find the parts of a walker that nobody writes, or its result where they are gone."""
    rests = walker.state.is_final or walker.state is RunState.HELD
    growing = () if rests else walker.trajectory_files[-1:]
    engine, name = spec.engine, spec.deffnm(walker.index)
    try:
        found = engine.parts_in_folder(spec.folder, name, engine.output_traj_type)
    except (NotImplementedError, FileNotFoundError, NotADirectoryError):
        found = []
    parts = [one for one in found if not set(_absolute(one.paths)) & set(_absolute(growing))]
    return parts if found else _result(walker)


def _result(walker: WalkerSnapshot) -> list[Trajectory]:
    files, structure = walker.trajectory_files, walker.structure_file
    is_there = structure is not None and structure.exists() and all(f.exists() for f in files)
    if not (walker.state.is_final and files and is_there):
        return []
    return [Trajectory(list(files), structure)]  # type: ignore[arg-type]


def _absolute(paths: Sequence[Path]) -> list[Path]:
    return [path.absolute() for path in paths]


def _ps(time: float | None) -> str:
    return "no time" if time is None else f"{time:.4g} ps"
