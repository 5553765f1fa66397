"""A plot knows what lies where in it, and keeps to the frame that a molecule's view shows."""

import asyncio
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from pretend import PretendRun

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.widgets.condition_plot import figure_of
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.frame_links import FrameAt, FrameLinks
from asyncmd_jupyter.jupyter.widgets.frame_words import value_in_words
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.interaction import Shown
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plane import PlaneSheet
from asyncmd_jupyter.jupyter.widgets.plane_paths import KnownPlane
from asyncmd_jupyter.jupyter.widgets.player import Player
from asyncmd_jupyter.jupyter.widgets.sheet import Sheet
from asyncmd_jupyter.jupyter.widgets.sources import WalkerSource
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom
from asyncmd_jupyter.sampling.progress import RunState

LOOK = Look(width=640)


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


def grown(n_walkers=2, n_frames=150, **fields):
    run = PretendRun(EventBus(), n_walkers=n_walkers)
    for walker in range(n_walkers):
        run.grow(n_frames, walker, **fields)
    return run


def sheets(run):
    scene = scene_now([run])
    yield Sheet(scene, LOOK, Densities())
    yield Sheet(scene, LOOK, Densities(), Zoom((5.0, 12.0)))
    yield PlaneSheet(scene, LOOK, KnownPlane(), ("psi", "psi"))
    yield PlaneSheet(scene, LOOK, KnownPlane(), ("psi", "psi"), Zoom((-20.0, 70.0), (0.0, 90.0)))


def test_places_are_those_of_the_drawing():
    for sheet in sheets(grown()):
        figure = figure_of(LOOK, sheet.height, sheet.draw)
        told = sheet.overlay.axes
        axes = told if isinstance(told, tuple) else (told,)
        for drawn, told in zip(figure.axes, axes, strict=False):
            x, y = drawn.get_xlim()[0], drawn.get_ylim()[1]
            at = drawn.transData.transform((x + 1, y - 2)) / LOOK.ratio
            left, top = told.place_of(x + 1, y - 2)
            assert left == pytest.approx(at[0], abs=0.01)
            assert top == pytest.approx(sheet.height - at[1], abs=0.01)
            assert told.values_at(left, top) == pytest.approx((x + 1, y - 2))


def test_the_nearest_frame_is_found_in_panels_strips_and_planes():
    run = grown()
    series = run.series(1)
    overlay = Sheet(scene_now([run]), LOOK, Densities()).overlay
    psi = series.observables[0].values
    left, top = overlay.axes[0].place_of(series.times[40], psi[40])
    found = overlay.at(float(left) + 0.3, float(top) - 0.3)
    assert (found.place, found.time) == (1, series.times[40])
    assert overlay.at(float(left), -50.0) is None
    strips = overlay.strips
    for place in (0, 1):
        lane = strips.top + overlay.strip * (place + 0.5) / 2
        assert overlay.at(float(left), lane)[:2] == (place, pytest.approx(series.times[40]))
    plane = PlaneSheet(scene_now([run]), LOOK, KnownPlane(), ("psi", "psi")).overlay
    left, top = plane.axes.place_of(psi[40], psi[40])
    assert plane.at(float(left), float(top)).distance < 1


def test_a_star_is_meant_before_the_curve_beside_it():
    run = grown(n_walkers=1, reached_frame=100)
    run.change(state=RunState.REACHED, reached=("C7eq",), reached_time=20.0)
    series = run.series(0)
    overlay = Sheet(scene_now([run]), LOOK, Densities()).overlay
    psi = series.observables[0].values
    left, _ = overlay.axes[0].place_of(series.times[98], psi[98])
    star = overlay.axes[0].place_of(series.times[100], psi[100])
    near = (float(left) + float(star[0])) / 2, float(star[1]) + 4
    assert overlay.at(*near).time == series.times[100]


def test_of_a_cloud_of_curves_only_stars_are_meant_until_it_is_clicked():
    run = grown(n_walkers=30, n_frames=100, reached_frame=60)
    run.change(state=RunState.REACHED, reached=("C7eq",), reached_time=12.0)
    series = run.series(7)
    psi = series.observables[0].values
    overlay = Sheet(scene_now([run]), LOOK, Densities()).overlay
    curve, star = (overlay.axes[0].place_of(series.times[i], psi[i]) for i in (20, 60))
    assert overlay.at(*map(float, star))[:2] == (7, series.times[60])
    assert overlay.at(*map(float, curve)) is None
    assert overlay.at(*map(float, curve), math.inf).distance < 1


def test_a_marked_frame_is_told_in_words_with_units():
    run = grown(n_walkers=2)
    scene = scene_now([run])
    shown = Shown(scene, Sheet(scene, LOOK, Densities()).overlay, LOOK)
    cursor = shown.mark([FrameAt("first", 1, 8.0, 40)])
    psi = run.series(1).observables[0].values[40]
    assert cursor["words"].startswith(f"walker 1, 8.00 ps, frame 40: psi {psi:.4g}°")
    assert cursor["dots"] == [(0, pytest.approx(8.0), pytest.approx(psi), "#CC3311")]
    assert shown.mark([FrameAt("other", 0, 1.0)]) == {}
    both = shown.mark([FrameAt("first", 0, 8.0, 40), FrameAt("first", 1, 8.0, 40)])
    assert "and 1 more" in both["words"]
    assert len(both["dots"]) == 2
    assert value_in_words("d", "nm", 1.23456) == "d 1.235 nm"


def test_what_goes_to_a_page_is_small_however_many_walkers_there_are():
    many = [PretendRun(EventBus(), f"r{i}") for i in range(2000)]
    for run in many:
        run.grow(5)
    scene = scene_now(many)
    shown = Shown(scene, Sheet(scene, LOOK, Densities()).overlay, LOOK)
    assert len(json.dumps(shown.overlay.as_json())) < 1000
    assert len(json.dumps(shown.mark([FrameAt("r1234", 0, 0.4)]))) < 300


async def test_a_click_marks_a_frame_and_keys_move_on(here, wire):
    run = grown(n_walkers=1)
    plot = ConditionPlot(run, here.events)
    await plot.refresh()
    axes = plot.figure.overlay["axes"][0]
    at = {"left": axes["box"][0] + axes["box"][2] / 2, "top": axes["box"][1] + 20}
    wire.press(plot.figure, {"plot": {"kind": "click", "view": "v", "number": 1, **at}})
    await until(lambda: plot.figure.cursor)
    time = plot.figure.cursor["time"]
    assert time == pytest.approx(15.0, abs=4)
    for key, expected in (("next", time + 0.2), ("first", 0.0), ("last", 29.8)):
        wire.press(plot.figure, {"plot": {"kind": "key", "key": key}})
        await until(lambda expected=expected: abs(plot.figure.cursor["time"] - expected) < 1e-6)
    wire.press(plot.figure, {"plot": {"kind": "hover", "view": "v", "number": 2, **at}})
    await until(lambda: any("tip" in told["plot"] for told in wire.custom(plot.figure)))
    tips = [told["plot"]["tip"] for told in wire.custom(plot.figure) if "tip" in told["plot"]]
    assert tips == [{}] or tips[0]["words"].startswith("1")
    for odd in ({"plot": 3}, {"plot": {"kind": "click", "left": "x"}}, {"plot": {"kind": "no"}}):
        wire.press(plot.figure, odd)
    plot.close()


class Frames(WalkerSource):
    """A walker with frames in memory."""

    def __init__(self, run, index, n_frames):
        super().__init__(SimpleNamespace(id=run), index, f"{run} {index}")
        self.stored = n_frames
        self.known = np.empty(0)

    @property
    def times(self):
        return self.known

    def follow(self):
        self.known = np.arange(self.stored) * 0.5
        return self.stored


async def test_the_stored_frame_that_is_nearest_is_shown(wire):
    sources = [Frames("a", 0, 10), Frames("b", 0, 40), Frames("b", 1, 40)]
    chosen, begun = [], []
    player = Player(["a", "b 0", "b 1"], lambda: chosen.append((player.chosen, player.frame)))
    player.frames_grew(10)
    woken = []
    links = FrameLinks(sources, player, lambda: woken.append(True), begun.append)
    links.choose(FrameAt("b", 1, 12.3))
    await begun.pop()
    assert chosen == [(2, 25)]
    assert woken == [True]
    assert not player.is_following
    links.choose(FrameAt("b", 1, 99.0))
    await begun.pop()
    assert chosen[-1] == (2, 39)
    assert player.is_following
    told = []
    links.listen(told.append)
    links.shown(sources[2:], [3])
    assert told.pop() == [FrameAt("b", 1, 1.5, 3)]
    assert not links.has("c", 0)
    links.choose(FrameAt("c", 0, 1.0))
    await begun.pop()
    assert told == []


def test_more_walkers_than_colours_have_dashes_and_the_legend_shows_them():
    run = grown(n_walkers=9, n_frames=20)
    sheet = Sheet(scene_now([run]), LOOK, Densities())
    figure = figure_of(LOOK, sheet.height, sheet.draw)
    lines = [one for one in figure.axes[0].get_lines() if len(one.get_xdata()) > 2]
    looks = [(to_hex(line.get_color()), line.get_linestyle()) for line in lines]
    assert len(set(looks)) == 9
    assert looks[0][0] == looks[7][0]
    handles = [(to_hex(h.get_color()), h.get_linestyle()) for h in figure.legends[0].get_lines()]
    assert handles == looks
