"""Whether a run would end where it begins: conditions that hold in the frame of its start."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.states import Condition, examine_all
from asyncmd_jupyter.sampling.verdicts import named_apart


async def ends_at_once(
    until: Sequence[Condition], mode: str, trajectory: Trajectory, frame: int
) -> tuple[str, ...]:
    """Names of the conditions that would end a run from a frame before any MD.

    Parameters
    ----------
    until : sequence of Condition
    mode : str
        ``any`` or ``all``.
    trajectory : Trajectory
    frame : int

    Raises
    ------
    Exception
        What a condition raises.
    """
    if not until:
        return ()
    with tempfile.TemporaryDirectory(prefix="asyncmd-") as folder:
        copy = Path(folder) / "frame.trr"
        start = await NoModificationFrameExtractor().extract_async(copy, trajectory, frame)
        seen = await examine_all(named_apart(until), start, store=False)
    names = [name for name, _ in named_apart(until)]
    holding = [n for n, one in zip(names, seen, strict=True) if bool(one.fulfilled[0])]
    return tuple(holding) if mode == "any" or len(holding) == len(names) else ()


def ends_at_once_text(names: Sequence[str], where: str) -> str:
    """Say what that means for a run from there."""
    hold = "hold" if len(names) > 1 else "holds"
    return (
        f"{' and '.join(names)} {hold} in {where} already: a run from there ends at once, without "
        "any MD."
    )
