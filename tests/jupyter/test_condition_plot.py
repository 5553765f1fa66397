import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from pretend import PretendRun, series

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.widgets.axes import copies, limits, set_ticks
from asyncmd_jupyter.jupyter.widgets.condition_plot import draw_conditions
from asyncmd_jupyter.jupyter.widgets.decimate import decimate, fulfilled_share
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plot_picture import Picture
from asyncmd_jupyter.jupyter.widgets.scene import Scene, describe
from asyncmd_jupyter.sampling.progress import Band, Observable, RunState

LOOK = Look(width=600, ratio=2.0, background="white")


def scene(n_frames=200, n_walkers=1, reached=None, **fields):
    run = PretendRun(EventBus(), n_walkers=n_walkers)
    if n_frames:
        run.change(state=RunState.RUNNING)
    if reached is not None:
        run.change(state=RunState.REACHED, reached=("C7eq",), reached_time=reached * 0.2)
    many = tuple(series(n_frames, i, reached, **fields) for i in range(n_walkers))
    return Scene.of(run.snapshot(), many)


def pixels(shown, look=LOOK):
    return np.asarray(
        Image.open(io.BytesIO(draw_conditions(shown, look))).convert("RGBA").convert("RGB")
    ).astype(int)


def without_bands(shown):
    return with_series(
        shown,
        [
            replace(s, observables=tuple(replace(o, bands=()) for o in s.observables))
            for s in (track.series for track in shown.tracks)
        ],
    )


def with_series(shown, many):
    return Scene.of(shown.runs[0], many)


def test_the_image_has_the_asked_size_and_ink():
    image = pixels(scene())
    assert image.shape[1] == 1200
    assert (image.min(axis=2) < 128).sum() > 1000


def test_bands_are_shaded():
    shown = with_series(scene(), [series(200, period=None)])
    bare = pixels(without_bands(shown))
    image = pixels(shown)
    if bare.shape == image.shape:
        assert (bare != image).any(axis=2).mean() > 0.05
    orange = (image[:, :, 0] > 240) & (image[:, :, 2] < 215) & (image[:, :, 2] > 180)
    assert orange.mean() > 0.05


def test_reaching_is_marked():
    assert (pixels(scene()) != pixels(scene(reached=199))).any(axis=2).sum() > 200


def test_each_walker_has_its_colour():
    image = pixels(scene(n_walkers=2))
    blue = (abs(image - [0x00, 0x77, 0xBB]).sum(axis=2) < 30).sum()
    red = (abs(image - [0xCC, 0x33, 0x11]).sum(axis=2) < 30).sum()
    assert blue > 300
    assert red > 300


def test_parts_do_not_differ_in_shade():
    whole = scene()
    one_part = replace(whole.tracks[0].series, parts=np.ones(200, dtype=np.int64))
    assert (pixels(whole) == pixels(with_series(whole, [one_part]))).all()


def test_dark_pages_get_light_text():
    image = Image.open(io.BytesIO(draw_conditions(scene(), Look(dark=True)))).convert("RGBA")
    values = np.asarray(image).astype(int)
    solid = values[values[:, :, 3] > 240][:, :3]
    assert (solid.min(axis=1) > 200).sum() > 500
    assert (values[:, :, 3] == 0).mean() > 0.2


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RunState.PREPARING, "Preparing"),
        (RunState.WAITING, "Waiting for free cores"),
        (RunState.RUNNING, "waiting for its first frame"),
        (RunState.FAILED, "ended before its first frame"),
    ],
)
def test_an_empty_plot_says_what_it_waits_for(state, said):
    run = PretendRun(EventBus())
    run.change(0, state=state, part=1)
    empty = Scene.of(run.snapshot(), [series(0)])
    drawn = Picture().draw(empty, LOOK)
    assert (drawn.png, drawn.overlay) == (b"", None)
    assert said in drawn.words
    assert Picture().still(empty) == f"<p>{drawn.words}</p>"


def test_plain_functions_have_strips_only():
    assert pixels(scene(observables=False)).shape[0] < pixels(scene()).shape[0]


def test_words_for_those_who_see_no_image():
    said = describe(scene(reached=199))
    assert said.startswith("psi of run first over 39.8 ps; alphaR holds in ")
    assert said.endswith("walker 0 reached C7eq at 39.8 ps.")


def test_many_walkers_and_an_svg():
    assert draw_conditions(scene(n_frames=20, n_walkers=30), LOOK)
    assert draw_conditions(scene(n_frames=20), LOOK, "svg").lstrip().startswith(b"<?xml")


def test_a_long_series_keeps_its_extremes_and_loses_its_length():
    rng = np.random.default_rng(0)
    times, values = np.arange(100_000.0), rng.normal(size=100_000)
    line = decimate(times, values, 500)
    assert len(line.x) < 3500
    assert np.nanmax(line.y) == values.max()
    assert np.nanmin(line.y) == values.min()
    ordered = line.x[~np.isnan(line.x)]
    assert (np.diff(ordered) >= 0).all()


def test_the_pen_is_lifted_where_an_angle_wraps():
    values = np.array([170.0, 179.0, -179.0, -170.0])
    line = decimate(np.arange(4.0), values, 100, 360.0)
    pieces = np.split(line.y, np.flatnonzero(np.isnan(line.y)))
    reach = [np.nanmax(p) - np.nanmin(p) for p in pieces if not np.isnan(p).all()]
    assert max(reach) == 9.0


def test_a_series_may_hold_nan():
    values = np.array([1.0, np.nan, 3.0])
    assert draw_conditions(_with(values), LOOK)
    assert draw_conditions(_with(np.full(3, np.nan)), LOOK)


@pytest.mark.parametrize("name", ["$x^$", "_", "_{", "$\\frac{", "a_b^c", "$"])
def test_names_are_no_formulas(name):
    run = PretendRun(EventBus(), n_walkers=30)
    run.change(state=RunState.REACHED, reached=(name,), reached_time=1.0)
    snapshot = replace(run.snapshot(), conditions=(name, "C7eq"), id=name)
    found = tuple(
        replace(
            each,
            observables=tuple(replace(o, name=name) for o in each.observables),
            fulfilled={name: each.fulfilled["C7eq"], "C7eq": each.fulfilled["C7eq"]},
        )
        for each in (series(20, i, 10) for i in range(30))
    )
    for n_walkers in (1, 3, 30):
        some = replace(snapshot, walkers=snapshot.walkers[:n_walkers])
        assert draw_conditions(Scene.of(some, found[:n_walkers]), LOOK)


def _with(values):
    one = series(len(values), period=None)
    return with_series(scene(3), [replace(one, observables=(Observable("x", values, ()),))])


def test_share_of_fulfilled_frames_by_column():
    held = np.array([True, False, True, True])
    share = fulfilled_share(np.arange(4.0), held, (0.0, 8.0), 8)
    assert share[:4].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert np.isnan(share[6:]).all()
    assert fulfilled_share(np.arange(4.0), held, (0.0, 4.0), 2).tolist() == [0.5, 1.0]


def test_a_band_may_lie_across_the_seam_of_an_angle():
    band = Band("C7eq", 120, 200, 360.0)
    assert list(copies(band, -180, 180)) == [(-180, -160), (120, 180)]
    assert list(copies(Band("x", -np.inf, 0), -5, 5)) == [(-5, 0)]


def test_an_angle_gets_a_whole_turn():
    assert limits([np.array([10.0, 20.0])], [], 360.0) == (-180.0, 180.0)
    assert limits([np.array([10.0, 270.0])], [], 360.0) == (0.0, 360.0)
    low, high = limits([np.array([1.0, 2.0])], [Band("x", 0, np.inf)], None)
    assert low < 0 < 2 < high


def test_a_band_without_an_end_leaves_room_for_the_values():
    values = [np.linspace(0.0, 20.0, 30)]
    assert limits(values, [Band("late", 20, 1e9)], None)[1] < 30
    assert limits(values, [Band("late", -1e9, 5)], None)[0] > -5
    assert limits(values, [Band("far", 500, 501)], None)[1] > 501
    assert limits([np.empty(0)], [Band("only", 1, 2)], None) == (0.94, 2.06)


def test_an_image_that_passes_is_small():
    shown = scene(n_frames=2000, n_walkers=4)
    two = tuple(
        replace(s, observables=(*s.observables, replace(s.observables[0], name="phi")))
        for s in (track.series for track in shown.tracks)
    )
    for width in (560, 1100):
        look = Look(width=width, ratio=2.0)
        assert len(draw_conditions(with_series(shown, two), look.passing)) < 80_000
        assert look.passing.width == width


def test_a_factor_of_ten_does_not_lie_on_the_name_of_the_quantity():
    axes = Figure().subplots()
    axes.plot([0, 1], [0, 1e9])
    set_ticks(axes, None)
    axes.figure.draw_without_rendering()
    factor = axes.yaxis.get_offset_text()
    assert factor.get_text().startswith("1e")
    box = axes.get_window_extent()
    assert factor.get_window_extent().x0 > box.x0 + box.width / 2
