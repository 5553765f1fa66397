"""What a preview says where there is no molecule, and below it."""

from __future__ import annotations

from collections.abc import Sequence

from asyncmd_jupyter.jupyter.widgets.words import escape, picoseconds
from asyncmd_jupyter.sampling.progress import WalkerSnapshot

# NGL's label of the atom under the pointer: no empty box, and legible on a dark page.
STYLE = """<style>
.asyncmd-molecule div[style*="opacity: 0.7"] { color: #212121; }
.asyncmd-molecule div[style*="opacity: 0.7"]:empty { display: none; }
.asyncmd-preview:focus-visible { outline: 1px solid var(--jp-brand-color1, Highlight); }
</style>"""
WAITING = "The molecule appears with the first frame."
NOTHING = "There is no frame to show."
LOADING = "The molecule is being read."
ENDED_BEFORE = "the run ended before its first frame"
RESTING = (
    "This molecule was put to rest, for a browser can show only few at a time. What is computed "
    "goes on."
)


def nothing_shown(walkers: Sequence[WalkerSnapshot], *, were_read: bool) -> str:
    """Say why there is no molecule of these walkers, which are those that are to be shown.

    Parameters
    ----------
    walkers : list of WalkerSnapshot
        Of one moment; empty where trajectories are shown that no run computes.
    were_read : bool
        Whether their files were looked at.
    """
    frames = sum(walker.n_frames for walker in walkers)
    if frames and not were_read:
        return LOADING
    if frames:
        return f"The {frames:,} frame{'' if frames == 1 else 's'} can't be found on the disk."
    if walkers and all(walker.state.is_final for walker in walkers):
        return NOTHING
    return WAITING if walkers or were_read else LOADING


def why_not(error: Exception) -> str:
    """Say in one sentence why a frame can't be shown."""
    if isinstance(error, FileNotFoundError):
        return f"The frame can't be shown, its file is gone: {error.filename}."
    return f"The frame can't be shown: {error}"


def shown_together(times: Sequence[float], numbers: Sequence[int]) -> str:
    """Say which frame of several walkers is shown; those that have fewer show their last."""
    furthest = max(numbers)
    time = max(t for t, number in zip(times, numbers, strict=True) if number == furthest)
    behind = sum(number < furthest for number in numbers)
    there = len(numbers) - behind
    said = f"{picoseconds(time)}, frame {furthest} of {there} walker{'' if there == 1 else 's'}"
    return f"{said}; {behind} with fewer at the last frame" if behind else said


def grey(text: str) -> str:
    """Write a remark as HTML."""
    return (
        f'<div style="color:var(--jp-ui-font-color2,GrayText);padding:12px 0">{escape(text)}</div>'
    )
