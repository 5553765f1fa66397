"""Notices conditions that judge frames by others without saying so."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.states import Examination

logger = logging.getLogger(__name__)

_Answers = list[list[NDArray[np.bool_]]]


class LiveComparison(PropagationObserver):
    """Compares what was said of pieces of a growing part with what is said of the whole.

    Parameters
    ----------
    observer : PropagationObserver
        Is told everything.
    names : sequence of str
        Of the conditions.
    """

    def __init__(self, observer: PropagationObserver, names: Sequence[str]) -> None:
        self._observer = observer
        self._names = names
        self._live: dict[int, _Answers] = {}
        self._has_warned = False

    def part_begins(self) -> None:
        """Hand it on."""
        self._observer.part_begins()

    def part_started(self, part: Part) -> None:
        """Forget what was said of frames that are computed again."""
        self._live.pop(part.number, None)
        self._observer.part_started(part)

    def frames_written(self, part: Part, new: FrameIndex) -> None:
        """Hand it on."""
        self._observer.frames_written(part, new)

    def part_finished(self, number: int, trajectory: Trajectory) -> None:
        """Hand it on."""
        self._observer.part_finished(number, trajectory)

    def examined(
        self, number: int, times: NDArray[Any], examinations: Sequence[Examination], *, live: bool
    ) -> None:
        """Remember what is said of pieces, and compare it with what is said of the whole."""
        fulfilled = [examination.fulfilled for examination in examinations]
        if live:
            self._live.setdefault(number, []).append(fulfilled)
        elif (pieces := self._live.pop(number, None)) is not None:
            self._compare(number, pieces, fulfilled)
        self._observer.examined(number, times, examinations, live=live)

    def _compare(self, number: int, pieces: _Answers, whole: Sequence[NDArray[np.bool_]]) -> None:
        for index, name in enumerate(self._names):
            before = np.concatenate([piece[index] for piece in pieces])[: len(whole[index])]
            differ = before != whole[index][: len(before)]
            if differ.any() and not self._has_warned:
                self._has_warned = True
                _warn(name, number, differ)


def _warn(name: str, number: int, differ: NDArray[np.bool_]) -> None:
    logger.warning(
        "The condition %s says other things of %d frames of part %d (frame %d first) when it sees "
        "the whole part than when it saw pieces of it, so that the end depends on how the "
        "simulation is cut into parts. If it judges frames by earlier ones, say so: "
        "PyTrajectoryFunctionWrapper(function, needs_whole_part=True).",
        *(name, int(differ.sum()), number, int(differ.argmax())),
    )
