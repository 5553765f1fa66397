"""Walkers on the free energy over two functions."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pretend import PretendRun

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.showing.plot import show_plot
from asyncmd_jupyter.jupyter.widgets.condition_plot import figure_of
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.free_energy import (
    BINS,
    PlaneCounts,
    Side,
    coarser,
    density,
    free_energy,
    without_jumps,
)
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plane import PlaneSheet
from asyncmd_jupyter.jupyter.widgets.plane_paths import KnownPlane, is_free_energy, paths_of
from asyncmd_jupyter.jupyter.widgets.plot_picture import Picture
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom
from asyncmd_jupyter.sampling.progress import Band, ConditionSeries, Observable, RunState

ANGLE = Side(-180.0, 180.0, 360.0)
PLANE = ("phi", "psi")


def angles(n, seed=0, period=360.0, reached=None):
    """A walker around phi -75, psi 170, which goes through the seam of psi."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, 2))
    phi = -75 + 15 * noise[:, 0]
    psi = (170 + 20 * noise[:, 1] + 180) % 360 - 180
    bands = [Band("C7eq", -180, 0, period)], [Band("C7eq", 120, 200, period)]
    return ConditionSeries(
        times=np.arange(n) * 0.2,
        parts=np.ones(n, dtype=np.int64),
        fulfilled={"alphaR": np.zeros(n, bool), "C7eq": (psi > 120) | (psi < -160)},
        observables=(
            Observable("phi", phi, tuple(bands[0])),
            Observable("psi", psi, tuple(bands[1])),
        ),
        reached_frame=reached,
    )


def runs(n, n_frames=200, **other):
    made = [PretendRun(EventBus(), f"r{i}") for i in range(n)]
    for seed, run in enumerate(made):
        run._series[0] = angles(n_frames, seed, **other)
        run.change(state=RunState.LIMIT)
    return made


def image(scene, look=None):
    drawn = Picture(PLANE).draw(scene, look or Look(width=640, background="white"))
    shown = Image.open(io.BytesIO(drawn.png)).convert("RGBA").convert("RGB")
    return np.asarray(shown).astype(int), drawn.words


def near(pixels, colour):
    return abs(pixels - np.array(colour)).sum(axis=2) < 40


def test_energies_are_those_of_the_counts():
    counts = np.array([[0.0, 1.0], [10.0, 5.0]])
    energy = free_energy(counts)
    assert np.isnan(energy[0, 0])
    assert energy[1, 0] == 0
    assert energy[0, 1] == pytest.approx(np.log(10))
    assert energy[1, 1] == pytest.approx(np.log(2))
    assert np.isnan(free_energy(np.zeros((2, 2)))).all()


def test_frames_are_counted_once_and_angles_wrapped():
    counts = PlaneCounts(ANGLE, Side(0.0, 1.0))
    counts.add(np.array([190.0, -170.0, np.nan]), np.array([0.5, 0.5, 0.5]))
    found = counts.counts()
    assert found.sum() == found.max() == 2
    few = np.ones((BINS, BINS)) / BINS**2
    assert coarser(few).shape[0] < BINS
    assert coarser(few).sum() == pytest.approx(1)


def test_new_frames_are_added_to_the_counts():
    known, made = KnownPlane(), runs(3)
    known.counts(list(paths_of(scene_now(made), PLANE)), (ANGLE, ANGLE))
    made[1]._series[0] = angles(300, 1)
    paths = list(paths_of(scene_now(made), PLANE))
    grown = known.counts(paths, (ANGLE, ANGLE))
    assert grown.sum() == 700
    assert (grown == KnownPlane().counts(paths, (ANGLE, ANGLE))).all()


def test_trails_do_not_cross_the_seam():
    x, y = without_jumps(np.zeros(3), np.array([170.0, -175.0, -170.0]), (ANGLE, ANGLE))
    assert y[0] == 170
    assert np.isnan(x[1])
    assert np.isnan(y[1])
    assert y[2:].tolist() == [-175, -170]


def test_a_state_across_the_seam_is_outlined_on_both_sides():
    pixels, said = image(scene_now(runs(2)))
    green = near(pixels, [0x00, 0x9E, 0x73])
    rows = np.flatnonzero(green.sum(axis=1) > 150)
    assert rows.min() < 0.3 * len(pixels)
    assert rows.max() > 0.8 * len(pixels)
    assert "outlined: C7eq" in said
    assert "alphaR" not in said


def of_full_length(made):
    """The same runs as they would be without conditions that stop them."""
    for run in made:
        run._snapshot = replace(run._snapshot, conditions=())
    return made


def test_frames_of_runs_that_states_stop_give_a_density_and_no_free_energy():
    drawn = Picture(PLANE).draw(scene_now(runs(2)), Look())
    assert "density of the frames" in drawn.words
    assert drawn.caption.startswith("Density of these 400 frames, not a free energy: the runs are")
    assert "a free energy needs runs of full length" in drawn.caption
    assert "free energy in kT" not in drawn.words


def test_runs_of_full_length_give_a_free_energy():
    drawn = Picture(PLANE).draw(scene_now(of_full_length(runs(2))), Look())
    assert drawn.caption.startswith("Free energy in kT from the 400 frames of runs of full length")
    assert "psi against phi of the runs r0 and r1: free energy" in drawn.words
    mixed = scene_now([*of_full_length(runs(1)), runs(2)[1]])
    assert "not a free energy" in Picture(PLANE).draw(mixed, Look()).caption


def test_a_part_of_a_free_energy_says_where_its_zero_is():
    scene, look = scene_now(of_full_length(runs(2))), Look(width=640)
    for zoom, is_said in ((None, False), (Zoom((-90.0, -60.0), (150.0, 180.0)), True)):
        sheet = PlaneSheet(scene, look, KnownPlane(), PLANE, zoom)
        bar = figure_of(look, sheet.height, sheet.draw).axes[1]
        assert ("0 at the lowest shown" in bar.get_ylabel()) == is_said


def test_other_conditions_take_no_frame_of_a_free_energy_away():
    [track] = scene_now(runs(1, reached=50)).tracks
    assert [path.n_frames for path in paths_of(Scene((track,)), PLANE)] == [51]
    asked_later = Scene((replace(track, is_stopped=False),))
    assert [path.n_frames for path in paths_of(asked_later, PLANE)] == [200]
    assert is_free_energy(asked_later)


def test_a_density_integrates_to_one():
    counts = np.array([[0.0, 1.0], [10.0, 5.0]])
    found = density(counts, 8.0, 16.0)
    assert np.isnan(found[0, 0])
    assert np.nansum(found) * 8.0 / 4 == pytest.approx(1)


def test_newest_places_are_marked_in_the_walkers_colours():
    pixels, _ = image(scene_now(runs(2)))
    plot = pixels[100:]
    for colour in ([0x00, 0x77, 0xBB], [0xCC, 0x33, 0x11]):
        assert near(plot, colour).sum() > 60


@pytest.mark.parametrize("period", [360.0, None])
@pytest.mark.parametrize("n", [1, 30])
@pytest.mark.parametrize("dark", [True, False])
def test_one_or_many_angles_or_not_light_or_dark(period, n, dark):
    scene = scene_now(runs(n, period=period, reached=50))
    pixels, _ = image(scene, Look(width=640, dark=dark, background="#111" if dark else "white"))
    assert pixels.shape[1] == 1280
    assert "image/svg+xml" in Picture(PLANE).still(scene)


def test_without_frames_or_functions_it_says_so():
    empty = Picture(PLANE).draw(scene_now([PretendRun(EventBus())]), Look())
    assert "Preparing" in empty.words
    missing = Picture(("phi", "omega")).draw(scene_now(runs(1)), Look())
    assert missing.words == "No walker has values of both phi and omega."
    assert empty.png == missing.png == b""


async def test_the_plane_follows_its_runs(here, wire):
    run = PretendRun(here.events)
    plot = ConditionPlot(run, plane=PLANE).open()
    run._series[0] = angles(10)
    run.change(state=RunState.LIMIT)
    await plot.closed()
    assert "psi against phi of run first" in plot.figure.alt
    assert "image/svg+xml" in plot.html()


@pytest.mark.parametrize(
    ("plane", "said"),
    [
        (("phi", "ps"), "compares 'ps'.*phi and psi.*Did you mean 'psi'"),
        (("phi",), "names of two functions"),
        ("phi", "names of two functions"),
    ],
)
def test_a_plane_that_can_not_be_drawn(here, plane, said):
    with pytest.raises((TypeError, ValueError), match=said):
        show_plot(runs(1), plane=plane)
