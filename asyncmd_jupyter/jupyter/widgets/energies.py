"""Energies, temperature and the like of walkers, as panels of a plot over time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets
import numpy as np

from asyncmd_jupyter.engines.energies.names import DENSITY, POTENTIAL, SHARED, TEMPERATURE
from asyncmd_jupyter.engines.energies.table import EnergyTable, nothing
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.panels import Line, Panel
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track

OVERVIEW = "Energy, temperature, density"
_ONLY_CONDITIONS = "nothing else"
_UNITS = {POTENTIAL: "kJ/mol", TEMPERATURE: "K"}
_CONSTANT = 1e-6  # relative: a density that changes less is that of a fixed box


class EnergyReader:
    """Reads what is new of the walkers of some runs; blocks, so it belongs into a thread."""

    def __init__(self, runs: Sequence[RunLike]) -> None:
        # Runs of others may know of no energies.
        self._runs: dict[str, Any] = {
            run.id: run for run in runs if getattr(run, "has_energies", False)
        }
        self._ended: dict[tuple[str, int], tuple[object, EnergyTable]] = {}
        self.problem = ""

    @property
    def is_empty(self) -> bool:
        """Whether no run can have any."""
        return not self._runs

    def tables(self, tracks: Sequence[Track]) -> list[EnergyTable]:
        """The table of each walker; empty where it can't be read, which `problem` tells."""
        self.problem = ""
        return [self._table(track) for track in tracks]

    def _table(self, track: Track) -> EnergyTable:
        run, walker = self._runs.get(track.run.id), track.walker
        if run is None:
            return nothing()
        key, stamp = (track.run.id, walker.index), (walker.state, walker.steps_done, walker.part)
        known = self._ended.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            table: EnergyTable = run.read_energies(walker.index)
        except (OSError, ValueError) as error:
            self.problem = f"Energies are missing: {error}"
            return nothing()
        if walker.state.is_final:
            self._ended[key] = stamp, table
        return table


class EnergyChoice:
    """Which energies a plot shows beside the functions of conditions.

    Parameters
    ----------
    runs : sequence of RunLike
    changed : callable
        Called when somebody has chosen others.
    names : sequence of str, optional
        Columns that are shown in the beginning. By default an overview for runs without
        conditions, and none for others.
    """

    def __init__(
        self,
        runs: Sequence[RunLike],
        changed: Callable[[], None],
        names: Sequence[str] | None = None,
    ) -> None:
        self._reader = EnergyReader(runs)
        self._has_conditions = any(run.snapshot().conditions for run in runs)
        self._names = tuple(names or ())
        self._titles: dict[str, str] = {}
        self.panels: tuple[Panel, ...] = ()
        chosen = ", ".join(self._names) or (_ONLY_CONDITIONS if self._has_conditions else OVERVIEW)
        self.widget = ipywidgets.Dropdown(
            description="Also plot" if self._has_conditions else "Plot",
            tooltip="What the MD program says of its physics",
            options=self._options(),
            value=chosen,
            layout=ipywidgets.Layout(width="auto", max_width="26em", align_self="flex-start"),
            style={"description_width": "initial"},
        )
        if self._reader.is_empty:
            self.widget.layout.display = "none"
        self._changed = changed
        self._is_renewing = False
        self.widget.observe(self._on_chosen, "value")

    def _on_chosen(self, _change: Any) -> None:
        if not self._is_renewing:
            self._changed()

    def _options(self) -> list[tuple[str, str]]:
        given = [", ".join(self._names)] if self._names else []
        first = [_ONLY_CONDITIONS] if self._has_conditions else []
        labels = [*first, OVERVIEW, *given]
        return [*((label, label) for label in labels), *((t, n) for n, t in self._titles.items())]

    @property
    def problem(self) -> str:
        """Why energies are missing; empty if none are."""
        return "" if self.is_off else self._reader.problem

    @property
    def is_off(self) -> bool:
        """Whether none is shown."""
        return self._reader.is_empty or self.widget.value == _ONLY_CONDITIONS

    @property
    def chosen(self) -> str:
        """What decides about the panels."""
        return str(self.widget.value)

    async def added_to(self, scene: Scene) -> Scene:
        """Read what is new and give the scene with panels for what is chosen."""
        if self.is_off:
            self.panels = ()
        if self._reader.is_empty or (self.is_off and self._titles):
            return scene
        tracks = scene.tracks[:1] if self.is_off else scene.tracks
        tables = await asyncio.to_thread(self._reader.tables, tracks)
        self._offer(tables)
        self.panels = () if self.is_off else tuple(self._panels_of(scene, tables))
        return replace(scene, more=self.panels)

    def _offer(self, tables: Sequence[EnergyTable]) -> None:
        """Let all columns that are there be chosen."""
        found = {name: _raised(table.title(name)) for table in tables for name in table}
        if found and not found.keys() <= self._titles.keys():
            order = [*(n for n in SHARED if n in found), *(n for n in found if n not in SHARED)]
            self._titles |= {name: found[name] for name in order}
            self._renew_options()

    def _renew_options(self) -> None:
        """Keep what is chosen: a list of its own accord goes to its first entry."""
        chosen, self._is_renewing = self.widget.value, True
        try:
            self.widget.options = self._options()
            self.widget.value = chosen
        finally:
            self._is_renewing = False

    def _panels_of(self, scene: Scene, tables: Sequence[EnergyTable]) -> Iterator[Panel]:
        units = {name: unit for table in tables for name, unit in table.units.items()}
        names = self._chosen_names(tables)
        if not units and not scene.is_final:  # nothing is written yet
            units = dict(_UNITS)
        for name in names:
            if name in units:
                yield Panel(name, _raised(units[name]), tuple(_lines(name, scene.tracks, tables)))

    def _chosen_names(self, tables: Sequence[EnergyTable]) -> tuple[str, ...]:
        if self.chosen == OVERVIEW:
            density = (DENSITY,) if any(map(_has_changing_density, tables)) else ()
            return POTENTIAL, TEMPERATURE, *density
        return self._names if self.chosen == ", ".join(self._names) else (self.chosen,)


def _raised(text: str) -> str:
    """Units as people write them."""
    return text.replace("^2", "²").replace("^3", "³")


def _has_changing_density(table: EnergyTable) -> bool:
    values = table.columns.get(DENSITY, np.zeros(0))
    return bool(len(values) and np.ptp(values) > _CONSTANT * abs(values[0]))


def _lines(name: str, tracks: Sequence[Track], tables: Sequence[EnergyTable]) -> Iterator[Line]:
    for place, (track, table) in enumerate(zip(tracks, tables, strict=True)):
        if name in table.columns:
            times, values = table.times, table.columns[name]
            yield Line(place, times, values, has_ended=track.is_final)
