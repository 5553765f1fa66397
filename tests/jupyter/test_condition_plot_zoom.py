"""Panning and zooming, with and without ipympl."""

import asyncio
import sys

import pytest
from matplotlib.figure import Figure
from pretend import PretendRun

from asyncmd_jupyter.jupyter.widgets.axes import set_ticks
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.interactive import TOOLBAR, can_interact, look_for_zooming
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plot_picture import Picture
from asyncmd_jupyter.sampling.progress import RunState


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


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
    assert plot.figure.layout.visibility == "hidden"
    assert type(canvas).__module__.startswith("ipympl")
    assert canvas.toolbar is not None
    await plot._switch()
    assert canvas.layout.display == "none"
    assert plot.figure.layout.visibility is None


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


async def test_a_canvas_follows_the_theme_and_shows_the_same_part(run, wire):
    if not can_interact():
        return
    plot = ConditionPlot(run, can_edit=True)
    plot.figure.dark = True
    await plot._switch()
    dark = plot._canvas
    whole = dark.figure.axes[0].get_ylim()
    dark.figure.axes[0].set_ylim(10, 20)
    plot.figure.dark = False
    await until(lambda: plot._canvas is not dark)
    light = plot._canvas
    assert plot._place.children == (plot.figure, light)
    assert dark.layout.display == "none"
    assert light.figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    assert light.figure.axes[0].get_ylim() == (10, 20)
    light.toolbar.home()
    assert light.figure.axes[0].get_ylim() == whole
    plot.close()


def test_the_legend_lies_below_the_toolbar(here):
    run = PretendRun(here.events, n_walkers=2)
    for walker in (0, 1):
        run.grow(50, walker)
    look = look_for_zooming(Look())
    for plane in (None, ("psi", "psi")):
        figure = Picture(plane).figure(scene_now([run]), look)
        figure.canvas.draw()
        highest = figure.legends[0].get_window_extent().y1
        assert highest <= figure.bbox.height - TOOLBAR
        assert figure.axes[0].get_window_extent().y1 < highest


@pytest.mark.parametrize(("low", "high"), [(-180, 180), (0, 360), (95, 140), (-1, 3), (12.1, 12.4)])
def test_angles_have_ticks_wherever_one_zooms(low, high):
    axes = Figure().add_subplot(ylim=(low, high), xlim=(low, high))
    for which, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        set_ticks(axes, 360.0, which)
        seen = [tick for tick in axis.get_ticklocs() if low <= tick <= high]
        assert 2 <= len(seen) <= 6
        if high - low == 360:
            assert seen == [low, low + 90, low + 180, low + 270, high]
