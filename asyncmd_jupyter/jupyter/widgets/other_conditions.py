"""The runs of a plot as they would have been with other conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.jupyter.widgets.editing import Edits
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.edited import edited_all
from asyncmd_jupyter.sampling.progress import RunSnapshot
from asyncmd_jupyter.sampling.verdicts import named_apart
from asyncmd_jupyter.sampling.what_if import (
    Rejudged,
    SpecifiedRun,
    WhatIf,
    named_conditions,
    rejudged,
)


class OtherConditions:
    """Conditions that are put in the place of those of the runs, and what comes out.

    Runs are asked anew only when they have more finished parts.

    Parameters
    ----------
    until : list of condition, optional
        The same ones for all runs.
    edits : Edits
        Or else changed limits of each run's own.
    """

    def __init__(self, until: Sequence[Any] | None = None, edits: Edits | None = None) -> None:
        self._until = None if until is None else named_conditions(until)
        self._edits = edits or {}
        self._known: dict[str, tuple[object, tuple[Rejudged, ...]]] = {}

    def of(self, run: SpecifiedRun) -> list[Condition]:
        """Return the conditions for a run, with names of which no two are the same."""
        own = own_conditions(run) if self._until is None else self._until
        return edited_all(_apart(own), self._edits)

    async def scene(self, runs: Sequence[Any]) -> tuple[Scene, tuple[WhatIf, ...]]:
        """Judge the stored frames of all runs."""
        tracks: list[Track] = []
        outcomes: list[WhatIf] = []
        for run in runs:
            snapshot = run.snapshot()
            judged = await self._judged(run, snapshot)
            names = tuple(condition.name for condition in self.of(run))
            changed = replace(snapshot, conditions=names)
            tracks += [_track(changed, one, bool(snapshot.conditions)) for one in judged]
            outcomes += [one.outcome for one in judged]
        return Scene(tuple(tracks)), tuple(outcomes)

    async def _judged(self, run: SpecifiedRun, now: RunSnapshot) -> tuple[Rejudged, ...]:
        state = tuple((walker.state, walker.part, walker.reached) for walker in now.walkers)
        known = self._known.get(now.id)
        if known is None or known[0] != state:
            known = self._known[now.id] = state, await rejudged(run, self.of(run))
        return known[1]


def own_conditions(run: SpecifiedRun) -> list[Condition]:
    """Return the conditions of a run, with names of which no two are the same."""
    return _apart(named_conditions(run.spec.until)) if run.spec.until else []


def _apart(conditions: Sequence[Condition]) -> list[Condition]:
    pairs = named_apart(conditions)
    return [one if one.name == name else one.renamed(name) for name, one in pairs]


def _track(run: RunSnapshot, judged: Rejudged, is_stopped: bool) -> Track:
    told = judged.outcome
    walker = replace(judged.walker, reached=told.reached, reached_time=told.time)
    return Track(run, walker, judged.pieces, is_stopped)
