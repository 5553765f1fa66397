"""What the values of functions on trajectories have to be like."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]


def check_values(name: str, values: Any, n_frames: int, note: str = "") -> Values:
    """A copy of `values` as an array, if it has one row of numbers or bools per frame.

    `note` says what may be the cause of another number of rows.

    Raises
    ------
    ValueError
        It has not; names the function and what it gave.
    """
    wanted = f"an array of numbers or bools with one row for each of the {n_frames} frames"
    if np.ma.is_masked(values):
        raise ValueError(f"{name} gave a masked array, but {wanted} is needed.")
    try:
        array = np.array(values)
    except ValueError as error:
        raise ValueError(f"{name} gave rows of unequal lengths, but {wanted} is needed.") from error
    if array.ndim == 0:
        raise ValueError(f"{name} gave {_shortened(values)}, but {wanted} is needed.")
    if len(array) == n_frames:
        note = ""
    if array.dtype.kind not in "biufc" or len(array) != n_frames:
        raise ValueError(
            f"{name} gave an array of dtype {array.dtype} and shape {array.shape}, but {wanted} "
            f"is needed.{note}"
        )
    return array


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
