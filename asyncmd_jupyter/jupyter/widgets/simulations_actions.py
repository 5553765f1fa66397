"""What the buttons of the table of simulations do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.simulations_rows import Action
from asyncmd_jupyter.sampling.progress import RunSnapshot


def abilities(run: RunLike) -> Action:
    """Say what a run can do at all, in whatever state it is."""
    able = Action.CANCEL
    if callable(getattr(run, "hold", None)):
        able |= Action.HOLD
    if callable(getattr(run, "resume", None)):
        able |= Action.RESUME
    if getattr(run, "spec", None) is not None:
        able |= Action.RESUBMIT
    return able


async def carry_out(action: Action, run: Any, snapshot: RunSnapshot, walkers: Sequence[int]) -> Any:
    """Do something with some walkers of a run.

    Only cancelling works for single walkers; the rest is done with the whole run.

    Parameters
    ----------
    action : Action
    run : RunLike
    snapshot : RunSnapshot
        Its newest one.
    walkers : sequence of int

    Returns
    -------
    Run or None
        The one that was started by this.
    """
    if action is Action.CANCEL:
        return await _cancel(run, snapshot, walkers)
    if action is Action.HOLD:
        return await run.hold()
    return run.resume() if action is Action.RESUME else resubmit(run)


async def _cancel(run: Any, snapshot: RunSnapshot, walkers: Sequence[int]) -> None:
    going = {walker.index for walker in snapshot.walkers if not walker.state.is_final}
    each = getattr(run, "walkers", None)
    if each is None or going <= set(walkers):
        await run.cancel()
    else:
        await asyncio.gather(*(each[index].cancel() for index in walkers))


def resubmit(run: Any) -> Any:
    """Start what a run did once more from its start, under a new name; its files stay.

    Returns
    -------
    Run
    """
    from asyncmd_jupyter.sampling.run import start_spec

    return start_spec(replace(run.spec, name=_free_name(run.spec)))


def _free_name(spec: Any) -> str:
    from asyncmd_jupyter.sampling.run import Runs

    taken = {run.id for run in Runs.current().all()}
    number = 2
    while (name := f"{spec.name}-{number}") in taken or (spec.workdir / name).exists():
        number += 1
    return name
