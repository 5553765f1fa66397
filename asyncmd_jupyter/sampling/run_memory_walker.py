"""Walkers that ended before this kernel took their run back: read, never computed again."""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter import errors, runtime
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.progress import (
    ConditionSeries,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
)
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.series import SeriesBook
from asyncmd_jupyter.sampling.simulation import FinishedPart
from asyncmd_jupyter.sampling.states import Examination, quantities
from asyncmd_jupyter.sampling.stop import stop_rule
from asyncmd_jupyter.sampling.verdicts import Verdicts, named_apart
from asyncmd_jupyter.triage.raised import BLAME

logger = logging.getLogger(__name__)

_AT_ONCE = 2


_WITH_RESULT = (RunState.REACHED, RunState.DONE, RunState.LIMIT)


class StoredWalker:
    """One simulation that has ended, as its record tells; its parts are read when asked for.

    Parameters
    ----------
    spec : RunSpec
    stored : WalkerSnapshot
    error_kind : str
        Class of what ended it, if that was an error.
    changed : callable
        Called when its series has been read.
    """

    takes_cores_here = False
    ended = True

    def __init__(
        self,
        spec: RunSpec,
        stored: WalkerSnapshot,
        error_kind: str,
        changed: Callable[[], None],
    ) -> None:
        self._spec = spec
        self._stored = stored
        self._changed = changed
        self.error_kind = error_kind
        self.error = _revived_error(error_kind, stored.error)
        self._loop = asyncio.get_running_loop()
        self._reading: asyncio.Task[None] | None = None
        self._book: SeriesBook | None = None
        self._result: Trajectory | None = None

    @property
    def result(self) -> Trajectory | None:
        """What it came to, if the file is still there."""
        if self._result is None and self._stored.state in _WITH_RESULT:
            with suppress(OSError, ValueError):
                self._result = _trajectory(self._stored)
        return self._result

    def snapshot(self) -> WalkerSnapshot:
        """What it was when it ended."""
        return self._stored

    def series(self) -> ConditionSeries:
        """What the conditions said; empty until that has been read, which this begins."""
        if self._book is not None:
            return self._book.series(self._reached_frame)
        self._begin_soon()
        return _nothing(self._spec)

    def pieces(self) -> SeriesPieces:
        """The same part by part, without copying."""
        if self._book is not None:
            return self._book.pieces(self._reached_frame)
        self._begin_soon()
        return SeriesPieces((), is_read=False)

    @property
    def _reached_frame(self) -> int | None:
        is_decided = self._stored.state is RunState.REACHED and self._stored.part
        return self._stored.n_frames - 1 if is_decided else None

    async def read(self) -> None:
        """Read what the conditions said, from cached values as far as there are any."""
        await asyncio.shield(self._begin())

    async def cancel(self) -> None:
        """Do nothing: it has ended."""

    async def hold(self) -> None:
        """Do nothing: it has ended."""

    def resume(self, max_steps: int | None = None) -> None:
        """Do nothing: it has ended."""

    def _begin_soon(self) -> None:
        with suppress(RuntimeError):  # its loop has been closed
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> asyncio.Task[None]:
        if self._reading is None:
            self._reading = runtime.start(
                self._read(), name=f"reading of {self._spec.deffnm(self._stored.index)}"
            )
        return self._reading

    async def _read(self) -> None:
        try:
            async with Turns.current().turn():
                self._book = await self._evaluated()
        except Exception as error:
            self._book = SeriesBook([name for name, _ in named_apart(self._spec.until)], ())
            deffnm = self._spec.deffnm(self._stored.index)
            logger.warning("The parts of %s can't be shown: %s", deffnm, error)
        self._changed()

    async def _evaluated(self) -> SeriesBook:
        spec = self._spec
        named = await asyncio.to_thread(named_apart, spec.until)
        book = SeriesBook([name for name, _ in named], await asyncio.to_thread(quantities, named))
        parts = await self._parts()
        verdicts = Verdicts(named, stop_rule(spec.mode), _Bookkeeper(book), Clock.of(spec.engine))
        await verdicts.first(parts, lambda: spec.engine.dt)
        return book

    async def _parts(self) -> list[FinishedPart]:
        if not self._stored.part:  # it has ended before the first
            return []
        found = await asyncio.to_thread(self._trajectories)
        return [await FinishedPart.of(trajectory) for trajectory in found]

    def _trajectories(self) -> list[Trajectory]:
        spec = self._spec
        try:
            parts = spec.engine.parts_in_folder(
                spec.folder, spec.deffnm(self._stored.index), spec.engine.output_traj_type
            )
        except NotImplementedError:
            parts = []
        return parts or [_trajectory(self._stored)]


class _Bookkeeper(PropagationObserver):
    """Writes into a book what the conditions say."""

    def __init__(self, book: SeriesBook) -> None:
        self._book = book

    def part_finished(self, number: int, trajectory: Trajectory) -> None:
        self._book.part_finished(number, trajectory)

    def examined(
        self, number: int, times: NDArray[Any], examinations: Sequence[Examination], *, live: bool
    ) -> None:
        self._book.examined(number, times, examinations, live=live)


class Turns:
    """Lets only a few walkers be read at the same time; a service of the runtime."""

    def __init__(self, _: runtime.Runtime | None = None) -> None:
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._turns = WeakKeyDictionary()

    @classmethod
    def current(cls) -> Turns:
        """The service of the current runtime."""
        return runtime.current().service(cls)

    def turn(self) -> asyncio.Semaphore:
        """What is held while a walker is read."""
        return self._turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))


def _trajectory(stored: WalkerSnapshot) -> Trajectory:
    if stored.structure_file is None:
        raise FileNotFoundError("no structure file is known")
    return Trajectory(list(stored.trajectory_files), stored.structure_file)


def _nothing(spec: RunSpec) -> ConditionSeries:
    names = [name for name, _ in named_apart(spec.until)]
    nothing = np.zeros(0, np.bool_)
    return ConditionSeries(
        times=np.zeros(0), parts=np.zeros(0, np.int64), fulfilled=dict.fromkeys(names, nothing)
    )


def _revived_error(kind: str, text: str) -> Exception | None:
    if not kind:
        return None
    found = getattr(errors, kind, None) or getattr(builtins, kind, None)
    if isinstance(found, type) and issubclass(found, Exception):
        with suppress(Exception):  # some take other arguments
            return _blamed_again(found, text.removeprefix(f"{kind}: "))
    return errors.EngineError(f"{kind}: {text}")


def _blamed_again(kind: type[Exception], said: str) -> Exception:
    """The error with the note of `triage.raised.blame` apart from its words, as it was."""
    words, blames, culprit = said.partition(f". {BLAME}")
    error = kind(words.strip("'") if issubclass(kind, KeyError) else words)
    if blames:
        error.add_note(f"{BLAME}{culprit}")
    return error
