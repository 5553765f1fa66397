"""Every state of a run has its words and its sign wherever runs are shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from asyncmd_jupyter.jupyter.widgets import scene
from asyncmd_jupyter.jupyter.widgets.summary import SYMBOLS, summary_html, summary_text
from asyncmd_jupyter.jupyter.widgets.words import outcome
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot


def run(*states):
    walkers = tuple(
        WalkerSnapshot(i, state, time_done=12.5, reached=("a",) if state.value == "reached" else ())
        for i, state in enumerate(states)
    )
    return RunSnapshot("first", ("a",), "any", Path("/tmp"), states[0], walkers, 1.0)


@pytest.mark.parametrize("state", RunState)
def test_each_state(state):
    assert state in SYMBOLS
    assert state.value in summary_text(run(state))
    assert state.value in summary_html(run(state, state))
    assert outcome(run(state))
    assert state in scene._STATE_WORDS or state is RunState.REACHED


def test_held():
    held = run(RunState.HELD)
    assert "Held after 12.5 ps, goes on when it is resumed." in summary_html(held)
    assert "progressbar" in summary_html(
        replace(held, walkers=(replace(held.walkers[0], step_limit=10),))
    )
    some = run(RunState.HELD, RunState.HELD, RunState.RUNNING, RunState.REACHED)
    assert "2 of 4 walkers are held; 1 of 4 walkers goes on" in outcome(some)
