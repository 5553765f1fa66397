"""Energies, temperature and the like in plots."""

import asyncio
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pretend import PretendRun

from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.energies import OVERVIEW
from asyncmd_jupyter.jupyter.widgets.frame_links import FrameAt
from asyncmd_jupyter.jupyter.widgets.frame_words import value_in_words
from asyncmd_jupyter.jupyter.widgets.run import RunView
from asyncmd_jupyter.sampling.events import RunChanged
from asyncmd_jupyter.sampling.progress import RunState, SeriesPieces

UNITS = {
    "Potential energy": "kJ/mol",
    "Temperature": "K",
    "Density": "kg/m^3",
    "Bond": "kJ/mol",
}


class WithEnergies(PretendRun):
    """A run whose walkers have a row of energies every two frames."""

    has_energies = True

    def __init__(self, events, conditions=("alphaR", "C7eq"), **options):
        super().__init__(events, **options)
        self._snapshot = replace(self._snapshot, conditions=conditions)
        self.n_rows, self.n_reads, self.density = 0, 0, 997.0

    def pieces(self, walker):
        return super().pieces(walker) if self._snapshot.conditions else SeriesPieces(())

    def read_energies(self, walker):
        self.n_reads += 1
        steps = np.arange(self.n_rows) * 200
        values = {name: np.sin(steps + walker) + 300 for name in UNITS}
        values["Density"] = np.linspace(997.0, self.density, len(steps))
        return EnergyTable(steps, steps * 0.002, values, UNITS, np.ones(len(steps), int))

    def write(self, n_rows):
        self.n_rows += n_rows
        self.events.publish(RunChanged(self.id))


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


def titles(plot):
    return [panel.title for panel in plot.scene().more]


@pytest.fixture
def events():
    return EventBus()


async def test_a_run_of_fixed_length_shows_them(here, wire, events):
    run = WithEnergies(events, conditions=(), n_walkers=2)
    run.change(state=RunState.RUNNING)
    plot = ConditionPlot(run, events).open()
    await plot.refresh()
    assert "no conditions" not in plot.text()
    run.write(20)
    await until(lambda: plot.figure.png)
    assert titles(plot) == ["Potential energy (kJ/mol)", "Temperature (K)"]
    assert plot.figure.alt.startswith("Potential energy (kJ/mol) and Temperature (K) of run first")
    first = plot.figure.png
    run.write(20)
    await until(lambda: plot.figure.png != first)
    assert [len(line.times) for line in plot.scene().more[0].lines] == [40, 40]
    options = [label for label, _ in plot.energies.widget.options]
    named = [f"{name} ({unit})".replace("^3", "³") for name, unit in UNITS.items()]
    assert options == [OVERVIEW, *named]
    plot.energies.widget.value = "Bond"
    await until(lambda: titles(plot) == ["Bond (kJ/mol)"])
    run.density = 990.0
    plot.energies.widget.value = OVERVIEW
    await until(lambda: titles(plot)[2:] == ["Density (kg/m³)"])
    await plot.aclose()


async def test_conditions_come_first_and_energies_when_they_are_chosen(here, wire, events):
    run = WithEnergies(events)
    run.grow(100)
    run.write(50)
    plot = ConditionPlot(run, events).open()
    await until(lambda: plot.figure.png)
    assert titles(plot) == []
    plot.energies.widget.value = "Temperature"
    await until(lambda: "Temperature (K)" in plot.figure.alt)
    assert plot.energies.widget.label == "Temperature (K)", "not the first of the new options"
    assert plot.scene().observables
    axes = plot.figure.overlay["axes"]
    assert "Temperature" in str(axes)
    # A click is about the time of a row, and so about the frame that is nearest.
    shown, [line] = plot.interaction._shown, plot.scene().more[0].lines
    place = shown.overlay.axes[-1].place_of(line.times[20], line.values[20])
    assert shown.frame_at(*map(float, place), np.inf).time == line.times[20]
    # Conditions are asked about frames, every 0.2 ps, energies are written every 0.4 ps.
    at = FrameAt("first", 0, 1.0)
    plot.interaction.mark([at])
    assert re.search(
        r"psi [^,]*, Temperature \(at (0\.8|1\.2) ps\) [\d.]+ K", plot.figure.cursor["words"]
    )
    plot.interaction.mark([at._replace(time=1.2)])
    assert re.search(r"psi [^,]*, Temperature [\d.]+ K", plot.figure.cursor["words"])
    await plot.aclose()


def test_numbers_of_large_systems():
    assert value_in_words("Potential energy", "kJ/mol", -412345.6) == (
        "Potential energy -412,346 kJ/mol"
    )


async def test_many_ended_runs_are_read_once(here, wire, events):
    runs = [WithEnergies(events, name=f"run{i}", conditions=()) for i in range(30)]
    for run in runs:
        run.n_rows = 10
        run.change(state=RunState.DONE)
    plot = ConditionPlot(runs, events)
    for _ in range(3):
        await plot.refresh()
    assert [run.n_reads for run in runs] == [1] * 30
    assert len(plot.scene().more[0].lines) == 30


async def test_what_can_not_be_read_is_said(here, wire, events):
    run, other = (WithEnergies(events, name=name, conditions=()) for name in ("a", "b"))
    run.n_rows = other.n_rows = 10

    def damaged(walker):
        raise ValueError("a.part0001.edr can't be read: it is something else.")

    run.read_energies = damaged
    plot = ConditionPlot([run, other], events)
    await plot.refresh()
    assert "a.part0001.edr can't be read" in plot.figure.caption
    assert [line.place for line in plot.scene().more[0].lines] == [1]


def test_runs_that_know_of_none_have_no_list(here, wire, events):
    plot = ConditionPlot(PretendRun(events), events)
    assert plot.energies.widget.layout.display == "none"


async def test_the_view_of_a_run_has_the_list(here, wire, events):
    run = WithEnergies(events, conditions=())
    run.n_rows = 10
    jobs = SimpleNamespace(records=list)
    view = RunView(run, jobs, events)
    await view.plot.refresh()
    assert "Potential energy (kJ/mol)" in view.plot.text()
    assert view.plot.energies.widget in view.widget.children[2].children[0].children
