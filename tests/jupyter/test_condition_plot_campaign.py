"""Many runs in one plot: what is drawn, what is said, and what is left to others meanwhile."""

import asyncio
import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pretend import PretendRun, series

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.showing.plot import show_plot
from asyncmd_jupyter.jupyter.widgets.condition_plot import draw_conditions
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.density import Grid, LineDensity, opacity
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.panels import panels_of
from asyncmd_jupyter.jupyter.widgets.scene import describe
from asyncmd_jupyter.jupyter.widgets.still import LIMIT, still_html
from asyncmd_jupyter.sampling.progress import RunState, SeriesPieces
from asyncmd_jupyter.sampling.series import SeriesBook
from asyncmd_jupyter.sampling.states import Examination

LOOK = Look(width=600, background="white")


def run(name, n_frames=100, *, hit="", events=None, n_walkers=1):
    """A run that has ended: with a hit in its last frame, or at its limit."""
    made = PretendRun(events or EventBus(), name, n_walkers)
    for walker in range(n_walkers):
        reached = n_frames - 1 if hit else None
        made.grow(n_frames, walker, reached_frame=reached)
    state = RunState.REACHED if hit else RunState.LIMIT
    time = (n_frames - 1) * 0.2 if hit else None
    made.change(state=state, reached=(hit,) if hit else (), reached_time=time)
    return made


def pixels(scene, look=LOOK):
    image = Image.open(io.BytesIO(draw_conditions(scene, look)))
    return np.asarray(image.convert("RGBA").convert("RGB")).astype(int)


def test_runs_of_a_campaign_are_one_scene_in_words():
    said = describe(scene_now([run("a", 100, hit="C7eq"), run("b", 50)]))
    assert said.startswith("psi of the runs a and b over 19.8 ps")
    assert "a reached C7eq at 19.8 ps" in said
    assert "b reached" not in said


def test_many_runs_are_summed_up_in_words():
    runs = [run(f"r{i}", 50 + 10 * i, hit="C7eq" if i % 2 else "") for i in range(20)]
    said = describe(scene_now(runs))
    assert said.startswith("psi of 20 runs over ")
    assert "10 of 20 walkers reached C7eq, the first at 11.8 ps, half of them by 29.8 ps" in said
    assert said.endswith("10 at the step limit.")


def test_runs_that_end_early_end_early():
    long, both = run("a", 400), [run("a", 400), run("b", 40)]
    image = pixels(scene_now(both))
    red = abs(image - [0xCC, 0x33, 0x11]).sum(axis=2) < 30
    columns = np.flatnonzero(red[60:].any(axis=0))
    assert columns.min() < 300
    assert columns.max() < 450
    assert image.shape[0] > pixels(scene_now([long])).shape[0]


def test_a_hundred_walkers_have_a_legend_of_few_entries():
    many = pixels(scene_now([run(f"r{i}", 30, hit="C7eq") for i in range(100)]))
    few = pixels(scene_now([run(f"r{i}", 30, hit="C7eq") for i in range(17)]))
    assert many.shape[0] <= few.shape[0]
    green = abs(many - [0x00, 0x9E, 0x73]).sum(axis=2) < 30
    assert green.sum() > 100


def psi(runs):
    [panel] = panels_of(scene_now(runs))
    return panel


def grid(**other):
    return Grid(**{"columns": 20, "rows": 10, "end": 10.0, "low": 0.0, "high": 1.0, **other})


def test_a_density_counts_lines_that_pass():
    density = LineDensity(grid())
    for value in (0.25, 0.25, 0.85):
        density.add(np.array([0.0, 10.0]), np.full(2, value))
    counts = density.counts()
    assert counts[2, 1:-1].tolist() == [2.0] * 18
    assert counts[8, 1:-1].tolist() == [1.0] * 18
    assert counts[5].sum() == 0
    shown = opacity(counts)
    assert shown[5, 5] == 0 < shown[8, 5] < shown[2, 5]


def test_a_density_that_is_added_to_equals_one_made_at_once():
    rng = np.random.default_rng(3)
    times, values = np.arange(1000) * 0.01, rng.uniform(size=1000)
    whole, grown = LineDensity(grid()), LineDensity(grid())
    whole.add(times, values)
    grown.add(times[:300], values[:300])
    grown.add(times[299:], values[299:])
    assert (whole.counts() == grown.counts()).all()


def test_a_density_draws_nothing_where_an_angle_wraps_or_is_missing():
    density = LineDensity(grid(low=-180.0, high=180.0, period=360.0))
    density.add(np.array([0.0, 1.0]), np.array([170.0, -170.0]))
    assert density.counts().sum() == 0
    density.add(np.arange(3.0), np.array([np.nan, 10.0, np.nan]))
    assert density.counts().sum() == 0


def test_what_was_counted_is_kept_only_while_frames_are_added():
    known, runs = Densities(), [run(f"r{i}", 50) for i in range(10)]
    where = grid(end=100.0, low=-180.0, high=180.0, period=360.0)
    known.counts(psi(runs), where)
    runs[3].grow(80, 0)
    grown = known.counts(psi(runs), where)
    assert (grown == Densities().counts(psi(runs), where)).all()
    runs[3].grow(20, 0)
    cut = known.counts(psi(runs), where)
    assert (cut == Densities().counts(psi(runs), where)).all()
    assert cut.sum() < grown.sum()


def test_pieces_are_views_and_give_the_series():
    book = SeriesBook(["c"], [])
    for part, n in ((1, 3), (2, 4)):
        flags = np.arange(n) % 2 == 0
        book.examined(part, np.arange(n) * 1.0, [Examination(flags, {})], live=True)
    pieces = book.pieces(reached_frame=4)
    assert all(part.times.base is not None for part in pieces.parts)
    joined, series = pieces.joined(), book.series(4)
    assert joined.times.tolist() == series.times.tolist() == [0, 1, 2, 0, 1]
    assert joined.parts.tolist() == [1, 1, 1, 2, 2]
    assert joined.fulfilled["c"].tolist() == series.fulfilled["c"].tolist()
    assert SeriesBook(["c"], []).series().fulfilled["c"].shape == (0,)


@pytest.mark.parametrize("n_runs", [1, 3, 40])
def test_the_still_picture_is_a_small_script_free_svg(n_runs):
    scene = scene_now([run(f"r{i}", 3000) for i in range(n_runs)])
    html = still_html(lambda look, kind: draw_conditions(scene, look, kind), 'a "psi"')
    assert len(html) <= LIMIT
    assert 'alt="a &quot;psi&quot;"' in html
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html).group(1)
    root = ET.fromstring(base64.b64decode(data))
    assert root.tag.endswith("svg")
    assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject", "metadata"))]
    links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)


def test_a_still_picture_that_would_be_too_large_is_of_pixels():
    asked = []

    def draw(look, kind):
        asked.append((kind, look.line_points))
        return b"<svg>" + b"x" * 400_000 + b"</svg>" if kind == "svg" else b"png"

    assert 'src="data:image/png' in still_html(draw, "plot")
    assert [kind for kind, _ in asked] == ["svg", "svg", "svg", "png"]
    assert asked[0][1] > asked[1][1] > asked[2][1] > asked[3][1] == 0


async def test_show_plot_follows_all_runs_to_their_end(here, wire, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "asyncmd_jupyter.jupyter.widgets.shown.publish",
        lambda bundle, *_, **__: shown.append(bundle),
    )
    runs = [PretendRun(here.events, name) for name in ("a", "b")]
    plot = show_plot(runs)
    assert "text/html" in shown[0]
    for one in runs:
        one.grow(50)
        assert not plot.is_final()
        one.change(state=RunState.LIMIT)
    await plot.closed()
    assert "the runs a and b" in plot.figure.alt
    assert "image/svg+xml" in plot.html()
    assert not plot.concerns(type("Event", (), {"run_id": "other"})())


@pytest.mark.parametrize(
    ("given", "said"), [([], "no run to plot"), (["a"], "'a' is no run"), (3, "3 is no run")]
)
def test_what_is_no_run_is_said(here, given, said):
    with pytest.raises((ValueError, TypeError), match=said):
        show_plot(given)


async def test_gathering_gives_others_their_turn(here, wire, monkeypatch):
    monkeypatch.setattr("asyncmd_jupyter.jupyter.widgets.gathering.TURN", 0.0)
    plot = ConditionPlot([PretendRun(here.events, f"r{i}") for i in range(50)])
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await plot.refresh()
    counting.cancel()
    assert turns >= 50


def test_a_series_keeps_its_shape_in_the_scene():
    [track] = scene_now([run("a", 10, hit="C7eq")]).tracks
    expected = series(10, seed=0, reached_frame=9)
    assert track.series.times.tolist() == expected.times.tolist()
    assert track.hit == (9, ("C7eq",))


def test_a_hit_whose_frames_are_not_read_yet_is_not_drawn():
    [track] = scene_now([run("a", 10, hit="C7eq")]).tracks
    unread = replace(track, pieces=replace(track.pieces, reached_frame=40))
    assert unread.hit is None
    assert unread.n_frames == 10
    assert replace(track, pieces=SeriesPieces((), 40)).n_frames == 0
