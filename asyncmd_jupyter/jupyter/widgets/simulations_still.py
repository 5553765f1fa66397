"""The table of simulations as text and as HTML without scripts. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from asyncmd_jupyter.jupyter.widgets.simulations_rows import SimulationRow, counted
from asyncmd_jupyter.jupyter.widgets.simulations_words import Words, fill, form
from asyncmd_jupyter.jupyter.widgets.words import escape, picoseconds, speed

MOST_ROWS = 30
SYMBOLS = {
    "preparing": "◌",
    "waiting": "◔",
    "running": "▶",
    "held": "‖",
    "cancelling": "⊘",
    "reached": "★",
    "done": "✓",
    "limit": "■",
    "cancelled": "⊘",
    "failed": "✗",
}
SHOWN = ("run", "state", "done", "speed", "values", "reason", "nodes")


_TOLD = (
    *("reached", "done", "limit", "failed", "cancelled"),
    *("running", "preparing", "waiting", "held", "cancelling"),
)
_RUNNING = ("running", "preparing", "cancelling")


def in_turn(rows: Sequence[SimulationRow]) -> list[SimulationRow]:
    """What runs, then what waits, then what has ended, as the front end shows them."""
    return sorted(rows, key=lambda row: 2 if row.has_ended else row.state not in _RUNNING)


def table_text(rows: Sequence[SimulationRow], words: Words, runs_left: int = 0) -> str:
    """Write counts and the first rows for a terminal or an untrusted notebook."""
    if not rows:
        return str(words["empty"])
    lines = [[words["columns"][name] for name in SHOWN]]
    lines += [list(_cells(row, words)) for row in in_turn(rows)[:MOST_ROWS]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(SHOWN))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    more = _more(rows, words, runs_left)
    return "\n".join([_summary(rows, words), *table, *([more] if more else [])])


def table_html(rows: Sequence[SimulationRow], words: Words, runs_left: int = 0) -> str:
    """Write counts and the first rows without scripts."""
    if not rows:
        return f"<p>{escape(words['empty'])}</p>"
    head = "".join(f'<th scope="col">{escape(words["columns"][name])}</th>' for name in SHOWN)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(row, words))}</tr>"
        for row in in_turn(rows)[:MOST_ROWS]
    )
    more = _more(rows, words, runs_left)
    return (
        f"<p>{escape(_summary(rows, words))}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + (f"<p>{escape(more)}</p>" if more else "")
    )


def values_words(row: SimulationRow, words: Words) -> str:
    """Write the last values and how far they are from their states."""
    values, said = iter(row.values), []
    for name, conditions in row.aims:
        value = next(values, None)
        if conditions is None:
            if value is not None:
                said.append(f"{name}: {_verdict(bool(value), row.has_ended, words)}")
            continue
        gaps = list(zip(conditions, islice(values, len(conditions)), strict=False))
        if value is not None:
            said.append(f"{name} {value:g} ({', '.join(_gap(*gap, words) for gap in gaps)})")
    return "; ".join(said).replace(" ()", "")


def _verdict(holds: bool, has_ended: bool, words: Words) -> str:
    if holds:
        return str(words["holds"])
    return str(words["held_not" if has_ended else "holds_not"])


def _gap(condition: str, away: float | None, words: Words) -> str:
    if away == 0:
        return fill(words["inside"], state=condition)
    return fill(words["away"], distance=f"{away or 0:g}", state=condition)


def _summary(rows: Sequence[SimulationRow], words: Words) -> str:
    simulations = form(words["counted"]["simulations"], len(rows))
    return f"{simulations}: {states_text(counted(rows), words)}"


def states_text(counts: Mapping[str, int], words: Words) -> str:
    """Say how many of a group are in which state, as the front end does."""
    total = sum(counts.values())
    told = sorted(counts, key=lambda state: _TOLD.index(state) if state in _TOLD else len(_TOLD))
    said = []
    for place, state in enumerate(told):
        several = "count_of" if len(told) > 1 else "count_all" if total > 1 else "count"
        text = words[several if place == 0 else "count"]
        word = words["states"].get(state, state)
        said.append(fill(text, n=f"{counts[state]:,}", total=f"{total:,}", state=word))
    return ", ".join(said)


def _more(rows: Sequence[SimulationRow], words: Words, runs_left: int) -> str:
    hidden = max(0, len(rows) - MOST_ROWS)
    said = [form(words["counted"]["more_rows"], hidden)] if hidden else []
    said += [form(words["counted"]["more_runs"], runs_left)] if runs_left else []
    return f"… {', '.join(said)}" if said else ""


def _cells(row: SimulationRow, words: Words) -> tuple[str, ...]:
    state = f"{SYMBOLS.get(row.state, '?')} {words['states'].get(row.state, row.state)}"
    done = picoseconds(row.done)
    if row.limit:
        done = fill(words["of"], done=done, limit=picoseconds(row.limit))
    return (
        row.name,
        f"{state} ({row.note})" if row.note else state,
        done,
        speed(row.speed),
        values_words(row, words),
        row.reason,
        row.nodes,
    )
