"""When to stop: pure rules over what the conditions say, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Fulfilled = Sequence[NDArray[np.bool_]]
Before = Sequence[bool] | None


@dataclass(frozen=True)
class Decision:
    """The first frame that ends a propagation.

    Attributes
    ----------
    frame : int
        Its index among the frames looked at.
    condition : int
        Index of the condition that decided.
    """

    frame: int
    condition: int


class StopRule(Protocol):
    """Says at which frame to stop, if at any."""

    mode: str

    def first(self, fulfilled: Fulfilled, before: Before = None) -> Decision | None:
        """The first deciding frame.

        Parameters
        ----------
        fulfilled : sequence of NDArray
            One bool array of shape (n_frames,) for each condition.
        before : sequence of bool, optional
            What the conditions say of the frame before the first one.
        """
        ...


class AnyOf:
    """Stop at the first frame that fulfils at least one condition."""

    mode = "any"

    def first(self, fulfilled: Fulfilled, before: Before = None) -> Decision | None:
        """Of conditions that hold at the same frame the first one listed decides."""
        table = np.asarray(fulfilled)
        frame = _first_true(np.logical_or.reduce(table))
        return None if frame is None else Decision(frame, int(table[:, frame].argmax()))


class AllOf:
    """Stop at the first frame that fulfils all conditions together."""

    mode = "all"

    def first(self, fulfilled: Fulfilled, before: Before = None) -> Decision | None:
        """The condition that was the last to be missing decides."""
        table = np.asarray(fulfilled)
        frame = _first_true(np.logical_and.reduce(table))
        if frame is None:
            return None
        if frame:
            before = table[:, frame - 1].tolist()
        # Without a frame before it, the first one listed decides.
        return Decision(frame, 0 if before is None else int(np.argmin(before)))


RULES: dict[str, type[StopRule]] = {"any": AnyOf, "all": AllOf}


def stop_rule(mode: str) -> StopRule:
    """The rule of a name.

    Raises
    ------
    ValueError
        If there is no such rule.
    """
    if mode not in RULES:
        raise ValueError(f"mode={mode!r} is unknown: give 'any' or 'all'.")
    return RULES[mode]()


def _first_true(flags: NDArray[np.bool_]) -> int | None:
    return int(flags.argmax()) if flags.any() else None
