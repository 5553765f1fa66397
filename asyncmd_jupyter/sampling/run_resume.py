"""Go on with a run: a held one, or one that has ended too early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from asyncmd_jupyter.sampling.arguments import whole_limit
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.run import new_walker
from asyncmd_jupyter.sampling.run_folder import check_folder
from asyncmd_jupyter.sampling.running import Run
from asyncmd_jupyter.sampling.runs import Runs

_AT_LIMIT = {RunState.LIMIT, RunState.DONE}


def resumed(run: Run, max_steps: int | None) -> Run:
    """Carry out `Run.resume`."""
    if max_steps is not None:
        max_steps = whole_limit("max_steps", max_steps, 1)
    return _again(run, max_steps) if run.done or run.is_left else _released(run, max_steps)


def _released(run: Run, max_steps: int | None) -> Run:
    if not any(walker.state is RunState.HELD for walker in run.snapshot().walkers):
        raise ValueError(
            f"The run {run.id!r} goes on ({run.state.value}): only one that is held, was cancelled,"
            " failed or has reached its limit can be resumed."
        )
    old = run.spec.max_steps
    if max_steps is not None and old is not None and max_steps < old:
        raise ValueError(
            f"max_steps={max_steps} is less than the {old} that the run {run.id!r} was started "
            "with: a run on its way can only get more."
        )
    run.go_on(run.spec if max_steps is None else replace(run.spec, max_steps=max_steps))
    return run


def _again(run: Run, max_steps: int | None) -> Run:
    newest = next((known for known in Runs.current().all() if known.id == run.id), run)
    if newest is not run:
        raise ValueError(
            f"The run {run.id!r} was resumed or started anew already: resume what came of that, "
            f"Runs.current().get({run.id!r})."
        )
    goes_on = _choice(run, max_steps)
    check_folder(run.workdir, overwrite=False, continuation=True)
    spec = run.spec if max_steps is None else replace(run.spec, max_steps=max_steps)
    made = Run(spec)
    made.conditions = run.conditions
    old = zip(run.walkers, run.snapshot().walkers, strict=True)
    walkers = [
        new_walker(made, stored.index, continuation=True, known=stored)
        if goes_on(stored)
        else walker
        for walker, stored in old
    ]
    Runs.current().add(made)
    made.begin(walkers, known=True)
    return made


def _choice(run: Run, max_steps: int | None) -> Callable[[WalkerSnapshot], bool]:
    """Which walkers go on."""
    states = {walker.state for walker in run.snapshot().walkers}
    if states == {RunState.REACHED}:
        raise ValueError(
            f"The run {run.id!r} has reached what it was started for: there is nothing to go on "
            "with. Start another run from its last frame, or with other conditions."
        )
    old = run.spec.max_steps
    has_more = max_steps is not None and old is not None and max_steps > old
    only_limits = states <= {RunState.REACHED, *_AT_LIMIT}
    if states & _AT_LIMIT and not has_more and (only_limits or max_steps is not None):
        given = "no other limit" if max_steps is None else f"max_steps={max_steps}"
        raise ValueError(
            f"The run {run.id!r} has ended at its limit of {old} steps, and {given} was given: "
            f"resume it with a larger one, such as max_steps={2 * (old or 1)}."
        )
    again = {RunState.CANCELLED, RunState.FAILED, *(_AT_LIMIT if has_more else ())}
    return lambda walker: walker.state in again or not walker.state.is_final
