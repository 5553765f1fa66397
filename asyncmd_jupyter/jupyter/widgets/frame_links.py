"""What a molecule's view and other views tell each other of the frame that is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.player import Player
from asyncmd_jupyter.jupyter.widgets.sources import Source, WalkerSource


class FrameAt(NamedTuple):
    """A frame of a walker of a run.

    Attributes
    ----------
    run : str
    walker : int
    time : float
        In ps since the start of the run.
    frame : int or None
        Its number, where that is known.
    """

    run: str
    walker: int
    time: float
    frame: int | None = None


class FrameLinks:
    """Lets others know which frame is shown, and shows the one that they choose.

    Parameters
    ----------
    sources : sequence of Source
    player : Player
    wake : callable
        Called before a frame is chosen: the view may be at rest.
    in_background : callable
        Runs a coroutine and shows its error.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        player: Player,
        wake: Callable[[], None],
        in_background: Callable[[Awaitable[None]], None],
    ) -> None:
        self._sources = sources
        self._player = player
        self._wake = wake
        self._in_background = in_background
        self._listeners: list[Callable[[Sequence[FrameAt]], None]] = []

    def listen(self, tell: Callable[[Sequence[FrameAt]], None]) -> None:
        """Call `tell` with the frames that are shown, now and then and after each change."""
        self._listeners.append(tell)

    def shown(self, sources: Sequence[Source], numbers: Sequence[int]) -> None:
        """Tell which frames are shown; nothing where nothing is."""
        frames = [
            FrameAt(source.run.id, source.index, float(source.times[number]), number)
            for source, number in zip(sources, numbers, strict=True)
            if isinstance(source, WalkerSource) and source.run is not None
        ]
        for tell in self._listeners:
            tell(frames)

    def has(self, run: str, walker: int) -> bool:
        """Whether a walker is among those that can be shown."""
        return self._number(run, walker) is not None

    def choose(self, frame: FrameAt) -> None:
        """Show the stored frame that is nearest in time."""
        self._wake()
        self._in_background(self._choose(frame))

    def press(self, key: str) -> bool:
        """Answer to a key as if it was pressed in the view of the molecule."""
        self._player.pressed(key)
        return True

    def _number(self, run: str, walker: int) -> int | None:
        for number, source in enumerate(self._sources):
            is_walker = isinstance(source, WalkerSource) and source.run is not None
            if is_walker and (source.run.id, source.index) == (run, walker):  # type: ignore[attr-defined,union-attr]
                return number
        return None

    async def _choose(self, frame: FrameAt) -> None:
        number = self._number(frame.run, frame.walker)
        if number is None:
            return
        source = self._sources[number]
        n_frames = len(source) or await asyncio.to_thread(source.follow)
        if n_frames:
            self._player.go_to(number, nearest_in_time(source.times, frame.time), n_frames)


def nearest_in_time(times: NDArray[np.float64], time: float) -> int:
    """Number of the frame that is nearest in time."""
    return int(np.abs(times - time).argmin())
