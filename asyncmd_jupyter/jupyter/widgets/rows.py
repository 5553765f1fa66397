"""Job records as rows of a table: pure values, no widget."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypedDict

from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jupyter.widgets.words import duration, escape, picoseconds, steps
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot

SYMBOLS = {
    JobState.WAITING: "◌",
    JobState.PENDING: "◔",
    JobState.RUNNING: "▶",
    JobState.DONE: "✓",
    JobState.FAILED: "✗",
    JobState.CANCELLED: "⊘",
    JobState.LOST: "?",
}


_SHORT = (RunState.CANCELLED, RunState.FAILED)
_RANKS = {JobState.RUNNING: 0, JobState.PENDING: 1, JobState.WAITING: 1}
_LAST = 2
NO_JOBS = "No jobs yet."


class JobRow(TypedDict):
    """One row as it goes over the wire."""

    id: str
    name: str
    state: str
    label: str
    reason: str
    order: list[int | str]
    fraction: float | None
    progress: str
    elapsed: float | None
    ticking: bool
    cancellable: bool
    native: str
    nodes: str


def job_row(record: JobRecord, walker: WalkerSnapshot | None = None) -> JobRow:
    """Make the row of a job; `walker` is the one it computes for, where that is known."""
    done, text = (None, "") if walker is None else _progress(walker, record.state.is_final)
    return JobRow(
        id=record.id,
        name=record.name,
        state=record.state.value,
        label=_label(record),
        reason=_reason(record),
        order=_order(record),
        fraction=done,
        progress=text,
        elapsed=elapsed(record),
        ticking=record.started is not None and not record.state.is_final,
        cancellable=not record.state.is_final and not record.cancel_requested,
        native=_native(record),
        nodes=", ".join(record.nodes),
    )


def elapsed(record: JobRecord) -> float | None:
    """Seconds since the job started, until now or its end."""
    if record.started is None:
        return None
    end = record.ended or datetime.now(tz=record.started.tzinfo or UTC).replace(
        tzinfo=record.started.tzinfo
    )
    return max(0.0, (end - record.started).total_seconds())


def changed_rows(rows: Sequence[JobRow], sent: Mapping[str, JobRow]) -> list[JobRow]:
    """Rows that differ from what was sent; a running clock is no difference."""
    return [row for row in rows if _comparable(row) != _comparable(sent.get(row["id"]))]


def in_order(rows: Sequence[JobRow]) -> list[JobRow]:
    """Sort as the page does: what runs, what waits, the rest; each by the names, 2 before 10."""
    return sorted(rows, key=lambda row: _comparable_order(row["order"]))


def _order(record: JobRecord) -> list[int | str]:
    """Numbers and texts in turns: where it is in the table, among those in a like state."""
    pieces = [int(p) if p.isdecimal() else p for p in re.split(r"([0-9]{1,15})", record.name)]
    submitted = record.submitted.timestamp() if record.submitted else 0.0
    return [_RANKS.get(record.state, _LAST), *pieces, round(submitted * 1000), record.id]


def _comparable_order(order: Sequence[int | str]) -> list[tuple[bool, int, str]]:
    return [
        (isinstance(piece, str), 0, piece) if isinstance(piece, str) else (False, piece, "")
        for piece in order
    ]


def rows_as_text(rows: Sequence[JobRow], empty: str = NO_JOBS) -> str:
    """Write the table for a terminal or an untrusted notebook."""
    if not rows:
        return empty
    cells = [("job", "state", "progress", "elapsed", "id")] + [_cells(row) for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def rows_as_html(rows: Sequence[JobRow], empty: str = NO_JOBS) -> str:
    """Write the table without scripts."""
    if not rows:
        return f"<p>{escape(empty)}</p>"
    head = "".join(f"<th>{name}</th>" for name in ("Job", "State", "Progress", "Elapsed", "Id"))
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(row))}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _label(record: JobRecord) -> str:
    if record.cancel_requested and not record.state.is_final:
        return "cancelling"
    return record.state.value


def _reason(record: JobRecord) -> str:
    if record.state is JobState.FAILED and not record.reason and record.exit_code is not None:
        return f"exit code {record.exit_code}"
    says_nothing_new = record.state is JobState.CANCELLED and len(record.reason) < 20
    return "" if says_nothing_new else record.reason


def _native(record: JobRecord) -> str:
    """By what the queue and its administrators know it."""
    is_queued = record.launcher == "slurm" and record.native_id is not None
    return f"Slurm {record.native_id}" if is_queued else ""


def _progress(walker: WalkerSnapshot, has_ended: bool) -> tuple[float | None, str]:
    time = picoseconds(walker.time_done)
    ended_well = has_ended and walker.state not in _SHORT
    fraction = walker.share_done
    if ended_well or fraction is None:
        return None, f"{time}, {steps(walker.steps_done)} steps"
    return round(fraction, 4), f"{time} ({fraction:.0%} of the step limit)"


def _comparable(row: JobRow | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {k: v for k, v in row.items() if k != "elapsed" or not row["ticking"]}


def _cells(row: JobRow) -> tuple[str, str, str, str, str]:
    symbol = SYMBOLS[JobState(row["state"])]
    state = f"{symbol} {row['label']}" + (f" ({row['reason']})" if row["reason"] else "")
    spent = "" if row["elapsed"] is None else duration(row["elapsed"])
    place = " on ".join(filter(None, (row["native"], row["nodes"])))
    found_by = f"{row['id']} ({place})" if place else row["id"]
    return row["name"], state, row["progress"], spent, found_by
