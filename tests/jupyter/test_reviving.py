"""Another kernel makes views anew from what is written beside them."""

import asyncio
import json
from dataclasses import replace

import pytest

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.reviving import revive
from asyncmd_jupyter.jupyter.showing.molecule import show_molecule
from asyncmd_jupyter.jupyter.showing.plot import show_plot
from asyncmd_jupyter.jupyter.showing.simulations import show_simulations
from asyncmd_jupyter.jupyter.views import Views, show_jobs, show_run
from asyncmd_jupyter.jupyter.widgets import shown
from asyncmd_jupyter.jupyter.widgets.shown import VIEW_MIME
from asyncmd_jupyter.runtime import Runtime
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.run_memory_walker import StoredWalker
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import ToyEngine

VIEWS = {
    "run": lambda run: show_run(run),
    "jobs": lambda run: show_jobs(),
    "plot": lambda run: show_plot([run]),
    "plot with energies": lambda run: show_plot([run], energies=["Temperature"]),
    "simulations": lambda run: show_simulations(),
    "simulations of runs": lambda run: show_simulations([run]),
    "molecule": lambda run: show_molecule(run),
    "molecule of a trajectory": lambda run: show_molecule([run, run.result]),
}

ENDS = (
    "run",
    "plot",
    "plot with energies",
    "simulations of runs",
    "molecule",
)  # with what it shows
SIGNS = {
    "run": ("Run first", "reached", "0.10 ps"),
    "jobs": ("No jobs",),
    "plot": ("reached", "0.10 ps"),
    "plot with energies": ("Temperature (K)", "reached"),
    "simulations": ("first", "reached"),
    "simulations of runs": ("first", "reached"),
    "molecule": ("walker 0: 2 frames",),
    "molecule of a trajectory": ("first.trr",),
}


def time(traj):
    return traj.frame_table().times


@pytest.fixture
def published(monkeypatch, wire):
    bundles = []
    monkeypatch.setattr(shown, "publish", lambda bundle, *_, **__: bundles.append(bundle))
    return bundles


@pytest.fixture
async def run(here, tmp_path):
    run = start_run(ToyEngine(seed=1), None, until=[Within(time, 0.05, 1e9)], name="first")
    await run
    return run


@pytest.mark.parametrize("kind", VIEWS)
async def test_a_view_is_made_anew_in_another_kernel(here, run, published, kind):
    before = VIEWS[kind](run)
    await before.aclose()
    recipe = published[0][VIEW_MIME]
    published.clear()

    with runtime.use(Runtime(replace(here.settings, max_cores=1))) as other:
        await revive(json.dumps(recipe))
        assert published[0][VIEW_MIME] == recipe
        (view,) = other.service(Views)._shown
        if kind in ENDS:
            await view.closed()
        for sign in SIGNS[kind]:
            assert sign in view.text()
        await view.aclose()


async def test_a_plot_goes_on_until_the_stored_parts_are_read(here, run, published, monkeypatch):
    before = show_plot([run])
    await before.aclose()
    gate, evaluated = asyncio.Event(), StoredWalker._evaluated

    async def slowly(walker):
        await gate.wait()
        return await evaluated(walker)

    monkeypatch.setattr(StoredWalker, "_evaluated", slowly)
    with runtime.use(Runtime(replace(here.settings, max_cores=1))) as other:
        await revive(json.dumps(published[0][VIEW_MIME]))
        (view,) = other.service(Views)._shown
        while view._drawn is None or "being read" not in view.figure.alt:
            await asyncio.sleep(0.01)
        gate.set()
        await view.closed()
        assert "reached" in view.figure.alt
        assert "reached" in view.html()
        await view.aclose()


async def test_stored_parts_that_cannot_be_read(here, run, published, monkeypatch):
    await show_plot([run]).aclose()

    async def fail(walker):
        raise OSError("gone")

    monkeypatch.setattr(StoredWalker, "_evaluated", fail)
    with runtime.use(Runtime(replace(here.settings, max_cores=1))) as other:
        await revive(json.dumps(published[0][VIEW_MIME]))
        (view,) = other.service(Views)._shown
        await view.closed()
        assert "could not be read" in view.text()
        await view.aclose()


async def test_of_a_run_that_is_gone(here):
    with pytest.raises(ValueError, match=r"nothing left to take back of: first"):
        await revive(json.dumps({"kind": "run", "runs": {"first": "."}}))


@pytest.mark.parametrize("text", ['{"kind": "os.system"}', "[]", "{}"])
async def test_of_an_unknown_kind(here, text):
    with pytest.raises(ValueError, match="run their cell again"):
        await revive(text)


@pytest.mark.parametrize(
    "recipe",
    [
        {"kind": "run", "runs": []},
        {"kind": "run", "runs": {"first": 5}},
        {"kind": "run", "runs": {"{1/0}": "."}},
        {"kind": "molecule", "trajectories": 5},
        {"kind": "molecule", "trajectories": [5]},
        {"kind": "plot", "runs": "abc"},
    ],
)
async def test_what_is_damaged_in_a_notebook_is_told(here, published, recipe):
    with pytest.raises(ValueError, match=r"damaged|letters, digits|nothing"):
        await revive(json.dumps(recipe))
    assert published == []


async def test_a_run_of_somebody_else_is_not_taken_back_by_a_view(here, run, published, tmp_path):
    pickled = run.workdir / "first.run.pkl"
    pickled.write_bytes(b"received")
    recipe = json.dumps({"kind": "run", "runs": {"first": str(run.workdir.parent)}})
    with (
        runtime.use(Runtime(replace(here.settings, max_cores=1))),
        pytest.raises(ValueError, match="--trust"),
    ):
        await revive(recipe)
