"""Zooming and panning: the kernel draws the part that a page asks for."""

import asyncio

import numpy as np
import pytest
from matplotlib.figure import Figure
from pretend import PretendRun

from asyncmd_jupyter.jupyter.widgets.axes import set_ticks
from asyncmd_jupyter.jupyter.widgets.condition_plot import figure_of
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plane import PlaneSheet
from asyncmd_jupyter.jupyter.widgets.plane_paths import KnownPlane
from asyncmd_jupyter.jupyter.widgets.sheet import Sheet
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom, kept_within, zoom_of
from asyncmd_jupyter.sampling.progress import RunState

WIDE = Look(width=640)


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


@pytest.fixture
def run(here):
    made = PretendRun(here.events)
    made.grow(50_000)
    made.change(state=RunState.LIMIT)
    return made


def sheet(run, zoom=None):
    return Sheet(scene_now([run]), WIDE, Densities(), zoom)


def drawn(sheet):
    return figure_of(WIDE, sheet.height, sheet.draw)


def test_a_part_is_drawn_frame_by_frame(run):
    whole, part = drawn(sheet(run)), drawn(sheet(run, Zoom((100.0, 120.0))))
    for axes in part.axes:
        assert axes.get_xlim() == (100.0, 120.0)
    times = run.series(0).times
    seen = part.axes[0].get_lines()[0].get_xdata()
    there = times[(times >= 100) & (times <= 120)]
    assert set(there) <= set(seen)
    assert not set(there) <= set(whole.axes[0].get_lines()[0].get_xdata())
    assert len(seen) < 10 * len(there)


def test_a_density_of_a_part_has_the_pixels_of_the_part(here):
    runs = [PretendRun(here.events, f"r{i}") for i in range(20)]
    for one in runs:
        one.grow(400)
    dense = Sheet(scene_now(runs), WIDE, Densities(), Zoom((10.0, 20.0)))
    image = drawn(dense).axes[0].get_images()[0]
    assert image.get_extent()[:2] == [10.0, 20.0]
    assert np.asarray(image.get_array())[..., 3].any(axis=0).mean() > 0.9


def test_a_part_of_a_plane_counts_the_frames_in_it(here):
    run = PretendRun(here.events)
    run.grow(5000)
    zoom = Zoom((-50.0, 50.0), (-20.0, 80.0))
    part = PlaneSheet(scene_now([run]), WIDE, KnownPlane(), ("psi", "psi"), zoom)
    axes = drawn(part).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-50.0, 50.0), (-20.0, 80.0))
    psi = run.series(0).observables[0].values
    counted = part.known.counts(part.paths, part.sides).sum()
    assert counted == ((psi >= -20) & (psi <= 50)).sum()


@pytest.mark.parametrize(
    "asked", [None, 3, {}, {"x": [1]}, {"x": ["a", 2]}, {"x": [1, float("nan")]}, {"x": [2, 2]}]
)
def test_what_is_not_a_range_stands_for_the_whole(asked):
    assert zoom_of(asked) is None


def test_a_range_ends_where_there_is_nothing_more():
    assert zoom_of({"x": [5, 1], "y": None}) == Zoom((1.0, 5.0))
    assert kept_within((-5.0, 3.0), (0.0, 10.0)) == (0.0, 3.0)
    assert kept_within((20.0, 30.0), (0.0, 10.0)) == (0.0, 10.0)
    low, high = kept_within((5.0, 5.0 + 1e-12), (0.0, 10.0))
    assert low < 5.0 < high


async def test_a_live_plot_stays_zoomed_while_frames_come(here, wire):
    run = PretendRun(here.events)
    run.grow(200)
    plot = ConditionPlot(run, can_edit=True).open()
    await until(lambda: plot.figure.overlay)
    wire.press(plot.figure, {"plot": {"kind": "zoom", "to": {"x": [10, 20]}, "view": "v"}})
    await until(lambda: plot.figure.overlay["is_zoomed"])
    run.grow(400)
    await until(lambda: plot.figure.overlay["whole"]["x"][1] > 70)
    assert plot.figure.overlay["axes"][0]["x"] == (10.0, 20.0)
    run.change(state=RunState.LIMIT)
    await plot.closed()
    wire.press(plot.figure, {"plot": {"kind": "zoom", "to": None, "view": "v", "number": 7}})
    await until(lambda: not plot.figure.overlay["is_zoomed"])
    assert {"plot": {"view": "v", "number": 7}} in wire.custom(plot.figure)
    plot.close()


@pytest.mark.parametrize(("low", "high"), [(-180, 180), (0, 360), (95, 140), (-1, 3), (12.1, 12.4)])
def test_angles_have_ticks_wherever_one_zooms(low, high):
    axes = Figure().add_subplot(ylim=(low, high), xlim=(low, high))
    for which, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        set_ticks(axes, 360.0, which)
        seen = [tick for tick in axis.get_ticklocs() if low <= tick <= high]
        assert 2 <= len(seen) <= 6
        if high - low == 360:
            assert seen == [low, low + 90, low + 180, low + 270, high]
