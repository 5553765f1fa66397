"""Panning and zooming, with and without ipympl."""

import sys

import pytest
from pretend import PretendRun

from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.interactive import can_interact, look_for_zooming
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plot_picture import Picture
from asyncmd_jupyter.sampling.progress import RunState


@pytest.fixture
def run(here):
    made = PretendRun(here.events)
    made.grow(5000)
    made.change(state=RunState.LIMIT)
    return made


@pytest.fixture
def without_ipympl(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipympl", None)


async def test_without_ipympl_nothing_changes(run, wire, without_ipympl):
    plot = ConditionPlot(run, can_edit=True)
    assert not can_interact()
    assert plot._zoom not in plot.widget.children
    with pytest.raises(ModuleNotFoundError, match="pip install ipympl"):
        await plot.interactive()


async def test_with_ipympl_a_button_changes_the_picture_for_a_canvas(run, wire):
    if not can_interact():  # it is optional, also here
        return
    plot = ConditionPlot(run, can_edit=True)
    assert plot._zoom in plot.widget.children
    await plot._switch()
    _, canvas = plot._place.children
    assert plot.figure.layout.display == "none"
    assert type(canvas).__module__.startswith("ipympl")
    assert canvas.toolbar is not None
    await plot._switch()
    assert canvas.layout.display == "none"
    assert plot.figure.layout.display == ""


def test_a_figure_for_zooming_has_more_than_can_be_seen_and_one_time_axis(run):
    scene = scene_now([run])
    points = []
    for look in (Look(), look_for_zooming(Look())):
        figure = Picture().figure(scene, look)
        points.append(sum(len(line.get_xdata()) for line in figure.axes[0].get_lines()))
    assert points[1] > 2 * points[0]
    figure.axes[0].set_xlim(1, 2)
    assert figure.axes[-1].get_xlim() == (1, 2)
    assert figure.axes[-1].get_xlabel() == "time (ps)"
    run._series[0] = scene.tracks[0].series
    plane = Picture(("psi", "psi")).figure(scene, look_for_zooming(Look()))
    assert plane.axes[0].get_xlabel() == "psi (°)"
