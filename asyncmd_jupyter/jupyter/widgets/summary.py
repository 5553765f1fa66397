"""The head of a run's view: what it is, how far it is, what happened. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from asyncmd_jupyter.jupyter.widgets.words import (
    duration,
    escape,
    goal,
    listed,
    outcome,
    picoseconds,
    speed_of,
    steps,
)
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.time_left import n_uncounted, seconds_left

SYMBOLS = {
    RunState.PREPARING: "◌",
    RunState.WAITING: "◔",
    RunState.RUNNING: "▶",
    RunState.HELD: "⏸",
    RunState.REACHED: "★",
    RunState.DONE: "✓",
    RunState.LIMIT: "■",
    RunState.CANCELLED: "⊘",
    RunState.FAILED: "✗",
}
COLOURS = {
    RunState.RUNNING: "var(--jp-brand-color1,#1976d2)",
    RunState.REACHED: "var(--jp-success-color1,#388e3c)",
    RunState.DONE: "var(--jp-success-color1,#388e3c)",
    RunState.HELD: "var(--jp-warn-color1,#e65100)",
    RunState.LIMIT: "var(--jp-warn-color1,#e65100)",
    RunState.CANCELLED: "var(--jp-warn-color1,#e65100)",
    RunState.FAILED: "var(--jp-error-color1,#d32f2f)",
}
FAINT = "color:var(--jp-ui-font-color2,#616161)"
FONT = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);"
    "font-size:var(--jp-ui-font-size1,13px);line-height:1.5;"
    "color:var(--jp-ui-font-color1,inherit);font-variant-numeric:tabular-nums"
)


def summary_text(run: RunSnapshot) -> str:
    """Write the head for a terminal or an untrusted notebook."""
    head = f"Run {run.id}: {_state(run)}, {_aim(run)}"
    lines = [head, _without_stop(outcome(run)) + "."] if len(run.walkers) == 1 else [head]
    if len(run.walkers) > 1:
        lines += [f"  walker {w.index}: {_walker_words(w)}" for w in run.walkers]
    return "\n".join([*lines, "; ".join(_facts(run))])


def summary_html(run: RunSnapshot) -> str:
    """Write the head as HTML without scripts, in the colours of the page's theme."""
    state = escape(_state(run))
    title = (
        f'<div><b style="font-size:1.15em">{escape(run.id)}</b>&ensp;'
        f'<span style="color:{_colour_of_all(run)};white-space:nowrap">{state}</span>&ensp;'
        f'<span style="{FAINT}">{escape(_aim(run))}</span></div>'
    )
    facts = "&ensp;·&ensp;".join(
        f'<span style="white-space:nowrap">{escape(fact)}</span>' for fact in _facts(run)
    )
    body = [title, "" if run.state.is_final else _bar(run), f"<div>{facts}</div>"]
    body.append(_walkers(run.walkers) if len(run.walkers) > 1 else _sentence(run))
    return f'<div style="{FONT}">{"".join(body)}</div>'


def progress(run: RunSnapshot) -> float | None:
    """Give the share of what was to be done that is done, see `WalkerSnapshot.share_done`."""
    if not run.walkers or any(w.step_limit is None for w in run.walkers):
        return None
    done = [walker.share_done or 0.0 for walker in run.walkers]
    return sum(done) / len(done)


def _state(run: RunSnapshot) -> str:
    """Its state with the sign of that; of walkers in several states only how many are in which."""
    states = {walker.state for walker in run.walkers}
    sign = f"{SYMBOLS[states.pop()]} " if len(states) == 1 else ""
    return sign + run.states_in_words


def _colour_of_all(run: RunSnapshot) -> str:
    states = {walker.state for walker in run.walkers}
    return _colour(states.pop()) if len(states) == 1 else "inherit"


def _aim(run: RunSnapshot) -> str:
    walkers = f"{len(run.walkers)} walkers, " if len(run.walkers) > 1 else ""
    return f"{walkers}{goal(run)}"


def _facts(run: RunSnapshot) -> list[str]:
    facts = [f"{picoseconds(sum(w.time_done for w in run.walkers))} done"]
    running = [w for w in run.walkers if w.state is RunState.RUNNING]
    if rates := [w.ns_per_day for w in running if w.ns_per_day is not None]:
        facts.append(speed_of(rates))
    facts.append(_steps(run.walkers))
    facts += _left(run)
    facts.append(f"{duration(run.wall_seconds)} so far")
    if run.state.is_final:
        facts[-1] = f"took {duration(run.wall_seconds)}"
    return facts


def _left(run: RunSnapshot) -> list[str]:
    """Say how long it takes at most, as far as that is known."""
    seconds = seconds_left(run)
    if seconds is None:
        return []
    number = n_uncounted(run)
    others = f"{number} walker{'' if number == 1 else 's'}"
    rest = f" for those that run, {others} not counted" if number else ""
    return [f"at most {duration(seconds)} left{rest}"]


def _steps(walkers: Sequence[WalkerSnapshot]) -> str:
    done = steps(sum(w.steps_done for w in walkers))
    limits = [w.step_limit for w in walkers if w.step_limit is not None]
    if len(limits) < len(walkers) or all(w.state.is_final for w in walkers):
        return f"{done} steps"
    return f"{done} of at most {steps(sum(limits))} steps"


def _bar(run: RunSnapshot) -> str:
    done = progress(run)
    if done is None:
        return ""
    return (
        f'<div role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{done * 100:.0f}" aria-label="Steps of run {escape(run.id)}" '
        'style="background:var(--jp-layout-color3,#bdbdbd);border-radius:3px;height:6px;'
        'margin:4px 0;max-width:420px;overflow:hidden">'
        f'<div style="background:var(--jp-brand-color1,#1976d2);height:100%;width:{done:.1%}">'
        "</div></div>"
    )


def _sentence(run: RunSnapshot) -> str:
    if run.state is RunState.RUNNING:
        return ""
    said = outcome(run)
    weight = "font-weight:600" if run.state.is_final else FAINT
    if run.state is not RunState.REACHED:  # that sentence begins with a name of the user's
        said = said[:1].upper() + said[1:]
    return f'<div style="{weight}">{escape(_without_stop(said))}.</div>'


def _without_stop(sentence: str) -> str:
    return sentence.rstrip(".\n")


def _walkers(walkers: Sequence[WalkerSnapshot]) -> str:
    chips = "".join(
        '<span style="white-space:nowrap;margin-right:1.4em">'
        f'<span style="{FAINT}">walker {w.index}</span> '
        f'<span style="color:{_colour(w.state)}">{SYMBOLS[w.state]}</span> '
        f"{escape(_walker_words(w, symbol=False))}</span>"
        for w in walkers
    )
    return f'<div style="display:flex;flex-wrap:wrap">{chips}</div>'


def _walker_words(walker: WalkerSnapshot, symbol: bool = True) -> str:
    mark = f"{SYMBOLS[walker.state]} " if symbol else ""
    if walker.state is RunState.REACHED and walker.reached_time is not None:
        return f"{mark}{listed(walker.reached)} at {picoseconds(walker.reached_time)}"
    words = f"{mark}{walker.state.value}, {picoseconds(walker.time_done)}"
    return f"{words}: {walker.error}" if walker.error else words


def _colour(state: RunState) -> str:
    return COLOURS.get(state, "inherit")
