"""Runs from a frame that is shown: what ends them is chosen, and what is doubtful is told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.widgets import restart_form
from asyncmd_jupyter.jupyter.widgets.restart_form import RestartForm, ShownPlace
from asyncmd_jupyter.jupyter.widgets.run import RunView
from asyncmd_jupyter.jupyter.widgets.sources import sources_of
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.runs import Runs
from asyncmd_jupyter.testing import ToyEngine


class Form:
    """A form at a frame of the first walker of a run."""

    def __init__(self, run):
        [self.source, *_] = sources_of([run])
        self.source.follow()
        self.tasks = []
        self.frame = 0
        self.form = RestartForm(
            lambda: ShownPlace(self.source, self.frame),
            lambda work: self.tasks.append(asyncio.ensure_future(work)),
        )

    async def settled(self):
        while self.tasks:
            await self.tasks.pop()

    async def open(self):
        self.form._open()
        await self.settled()

    async def at(self, frame):
        self.frame = frame
        self.form.follow()
        await self.settled()

    def tick(self, **wanted):
        for box, _ in self.form._until._offered:
            name = box.description.partition(" ")[0]
            box.value = wanted.get(name, box.value)

    @property
    def offered(self):
        return {box.description: box.value for box, _ in self.form._until._offered}

    async def start(self):
        await self.form._go()
        await self.settled()
        return self.form._said.value


def never(traj):
    return np.zeros(len(traj), dtype=bool)


def late(traj):
    return traj.frame_table().steps >= 200


@pytest.fixture
async def form(here, monkeypatch):
    monkeypatch.setattr(
        restart_form, "_shown_here", lambda run: SimpleNamespace(widget=ipywidgets.HTML(run.id))
    )
    engine = ToyEngine(nstout=10, seed=1)
    runs = [
        start_run(engine, until=[never], max_steps=10, name="other"),
        start_run(engine, until=[late], max_ps=20, name="first"),
    ]
    for run in runs:
        await run
    made = Form(runs[1])
    await made.open()
    return made


async def test_conditions_and_limits_are_chosen(form):
    assert form.offered == {"late": True, "never (of other)": False}
    assert (form.form._limit._value.value, form.form._limit._unit.value) == ("20", "ps")
    form.tick(late=False, never=True)
    form.form._limit._value.value = "0.5"
    form.form._name.value = "again"
    said = await form.start()
    assert "Run again was started from frame 0 of walker 0 of run first" in said
    run = Runs.current().get("again")
    assert [condition.name for condition in run.spec.until] == ["never"]
    assert run.spec.max_steps == 50
    await run
    assert [box.children[0].value for box in form.form.started.children] == ["again"]


async def test_a_name_that_is_typed_is_kept(form):
    """The one that is suggested is looked for on disk, and comes when it comes."""
    form.form._open()
    form.form._name.value = "mine"
    await form.settled()
    assert form.form._name.value == "mine"
    await form.open()
    assert form.form._name.value == "first-2"


async def test_without_a_condition_it_needs_a_length(form):
    form.tick(late=False)
    form.form._name.value = "again"
    form.form._limit._value.value = ""
    assert form.form._limit._value.description == "Length"
    assert "nothing would end the run" in await form.start()
    form.form._limit._value.value = "soon"
    assert "Length &#x27;soon&#x27; is not a number of ps" in await form.start()
    form.form._limit._value.value = "-1"
    assert "Length -1 has to be more than 0" in await form.start()
    assert not Runs.current().is_active("again")


async def test_a_frame_in_the_state_already_is_told(form):
    assert form.form._warned.value == ""
    await form.at(len(form.source) - 1)
    assert "late holds in frame" in form.form._warned.value
    assert form.form._start.description == "Start anyway"
    form.tick(late=False, never=True)
    await form.settled()
    assert form.form._warned.value == ""
    form.tick(late=True)
    form.form._until._mode.value = "all"
    await form.settled()
    assert form.form._warned.value == ""
    form.form._until._mode.value = "any"
    await form.settled()
    assert "ends at once, without any MD" in form.form._warned.value


async def test_in_the_view_of_a_run_it_has_the_whole_width(form):
    view = RunView(form.source.run, JobManager.current())
    widget, started = view.preview.new_runs
    assert {widget, started} <= set(view.widget.children)
    await view.aclose()


async def test_the_magic_has_the_same(notebook):
    await notebook.run("%asyncmd propagate engine --until late --max-ps 20 --name first")
    await notebook.run("%asyncmd wait first")
    line = "%asyncmd restart first --name again --until late never"
    said = await notebook.error(f"{line} --steps 30")
    assert "--steps is the whole length of a run without conditions" in said
    said = await notebook.run(f"{line} --max-ps 0.5 -o again")
    assert "late holds in frame -1 of walker 0 of first already" in said
    assert [condition.name for condition in notebook["again"].spec.until] == ["late", "never"]
    assert notebook["again"].spec.max_steps == 50
    assert await notebook["again"]
    assert notebook["again"].reached == [("late",)]
