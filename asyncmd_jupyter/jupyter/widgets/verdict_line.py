"""Says in a line or few which runs would have ended where."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from asyncmd_jupyter.jupyter.widgets.scene import SPOKEN
from asyncmd_jupyter.jupyter.widgets.words import listed, picoseconds
from asyncmd_jupyter.sampling.what_if import WhatIf


def verdict_lines(outcomes: Sequence[WhatIf]) -> list[str]:
    """Say for each walker where it would have ended; of many walkers, how many and when."""
    if len(outcomes) <= SPOKEN:
        return [f"{_who(one, outcomes)} {one}." for one in outcomes]
    return [_sum(outcomes), *_same(outcomes), *_without(outcomes)]


def _who(outcome: WhatIf, outcomes: Sequence[WhatIf]) -> str:
    runs = {one.run for one in outcomes}
    walkers = [one for one in outcomes if one.run == outcome.run]
    if len(walkers) == 1:
        return f"Run {outcome.run}"
    return f"Walker {outcome.walker}" + (f" of run {outcome.run}" if len(runs) > 1 else "")


def _sum(outcomes: Sequence[WhatIf]) -> str:
    ended = [one for one in outcomes if one.reached and one.time is not None]
    before = sum(1 for one in outcomes if one.was)
    said = f"{len(ended)} of {len(outcomes)} walkers would have ended within their stored frames"
    said += f" ({before} did)" if before else ""
    times = [one.time for one in ended if one.time is not None]
    if times:
        said += f": the first at {picoseconds(min(times))}, half by {picoseconds(median(times))}"
    names = sorted({listed(one.reached) for one in ended})
    counts = [f"{sum(listed(one.reached) == name for one in ended)} in {name}" for name in names]
    return said + (f"; {listed(counts)}." if counts else ".")


def _same(outcomes: Sequence[WhatIf]) -> list[str]:
    same = sum(1 for one in outcomes if one.is_as_it_was)
    return [f"{same} would have ended as they did."] if same else []


def _without(outcomes: Sequence[WhatIf]) -> list[str]:
    early = [f"{one.run} {one.walker}" for one in outcomes if one.frames_end_too_early]
    if not early:
        return []
    shown = early[:4] + ([f"{len(early) - 4} more"] if len(early) > 4 else [])
    return [f"Of {listed(shown)} the stored frames end before; only new MD can tell."]
