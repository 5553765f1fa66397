"""Simulations as rows of a table: pure values, no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntFlag
from typing import Any, NamedTuple

from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jupyter.widgets.simulations_distance import Aims, Values
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot

CANCELLING = "cancelling"
HELD = "held"
_SPOKEN_OF = (JobState.WAITING, JobState.PENDING, JobState.FAILED, JobState.LOST)
_LONGEST_NOTE = 200
_ENDED = frozenset(state.value for state in RunState if state.is_final)


class Action(IntFlag):
    """What can be done with a simulation."""

    CANCEL = 1
    HOLD = 2
    RESUME = 4
    RESUBMIT = 8


class SimulationRow(NamedTuple):
    """One simulation, as it goes over the wire: what people read follows in the browser.

    Times are seconds since 1970, between `started` and `ended` or now lies the time that
    jobs ran; `done` and `limit` are in ps. `aims` and `values` are explained at
    `simulations_distance.values_of`.
    """

    run: str
    walker: int
    campaign: str
    engine: str
    state: str
    note: str
    done: float
    limit: float | None
    speed: float | None
    aims: Aims
    values: Values
    parts: int
    job: str
    native: str
    reason: str
    nodes: str
    started: float | None
    ended: float | None
    can: int
    trouble: str

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.run}/{self.walker}"

    @property
    def is_known(self) -> bool:
        """Whether there are all values."""
        return None not in self.values

    @property
    def has_ended(self) -> bool:
        """Whether it does not go on, whatever is done."""
        return self.state in _ENDED


FIELDS = SimulationRow._fields


class RunFacts(NamedTuple):
    """What the rows of a run have in common."""

    snapshot: RunSnapshot
    abilities: Action
    explain: Callable[[str], str] = str
    max_cores: int = 1
    first_to_begin: int | None = None

    def is_behind(self, walker: WalkerSnapshot) -> bool:
        """Whether a walker has not begun because another one goes first."""
        first = self.first_to_begin
        return first is not None and walker.index > first and has_to_begin(walker)


def simulation_row(
    facts: RunFacts,
    walker: WalkerSnapshot,
    record: JobRecord | None,
    *,
    aims: Aims = (),
    values: Values = (),
    ran: tuple[float | None, float | None] = (None, None),
    trouble: str = "",
) -> SimulationRow:
    """Make the row of one walker from what is known of it and of its newest job.

    `ran` is what a `WalkerClock` shows.
    """
    run = facts.snapshot
    state = state_word(walker, record)
    return SimulationRow(
        run=run.id,
        walker=walker.index,
        campaign=run.campaign,
        engine=run.engine,
        state=state,
        note=_note(walker),
        done=round(walker.time_done, 4),
        limit=None if walker.time_limit is None else round(walker.time_limit, 4),
        speed=_three_digits(walker.ns_per_day),
        aims=aims,
        values=values,
        parts=walker.part,
        job=walker.job_id or "",
        native=_native(record),
        reason=_reason(record, facts.explain) or _waits_here(facts, walker, record, state),
        nodes=_nodes(record),
        started=ran[0],
        ended=ran[1],
        can=int(_possible(facts, walker, state)),
        trouble=trouble,
    )


def has_to_begin(walker: WalkerSnapshot) -> bool:
    """Whether nothing of a walker has been submitted yet."""
    return walker.state is RunState.PREPARING and walker.job_id is None


def state_word(walker: WalkerSnapshot, record: JobRecord | None) -> str:
    """Name the state, with the wish to end it where that is not yet fulfilled."""
    asked = record is not None and record.cancel_requested and not record.state.is_final
    return CANCELLING if asked and not walker.state.is_final else walker.state.value


def packed(rows: Mapping[int, SimulationRow]) -> dict[str, Any]:
    """Write rows column by column, what occurs often only once."""
    columns = zip(*rows.values(), strict=True) if rows else [()] * len(FIELDS)
    return {"numbers": list(rows), "columns": [_packed_column(column) for column in columns]}


def difference(old: SimulationRow, new: SimulationRow) -> list[Any]:
    """List the fields that changed as field, value, field, value."""
    return [
        part
        for field, (before, after) in enumerate(zip(old, new, strict=True))
        if before != after
        for part in (field, after)
    ]


def counted(rows: Iterable[SimulationRow]) -> dict[str, int]:
    """Count the rows of each state, what goes on first."""
    order = {state.value: place for place, state in enumerate(RunState)}
    states = [row.state for row in rows]
    return {s: states.count(s) for s in sorted(set(states), key=lambda s: order.get(s, 2))}


def _packed_column(column: Sequence[Any]) -> dict[str, list[Any]]:
    words = {value: place for place, value in enumerate(dict.fromkeys(column))}
    if len(words) * 2 > len(column):
        return {"values": list(column)}
    return {"words": list(words), "places": [words[value] for value in column]}


def _note(walker: WalkerSnapshot) -> str:
    if walker.state is RunState.REACHED:
        return ", ".join(walker.reached)
    lines = walker.error.strip().splitlines()
    return lines[0][:_LONGEST_NOTE] if lines else ""


def _native(record: JobRecord | None) -> str:
    is_queued = record is not None and record.launcher == "slurm"
    return record.native_id or "" if record is not None and is_queued else ""


def _nodes(record: JobRecord | None) -> str:
    return "" if record is None else ", ".join(record.nodes)


def _reason(record: JobRecord | None, explain: Callable[[str], str]) -> str:
    if record is None or record.state not in _SPOKEN_OF or not record.reason:
        return ""
    return explain(record.reason)[:_LONGEST_NOTE]


def _waits_here(
    facts: RunFacts, walker: WalkerSnapshot, record: JobRecord | None, state: str
) -> str:
    """Say why this kernel holds a walker back; a queue gives reasons of its own."""
    if facts.is_behind(walker):
        return "waits for its turn"
    if state != RunState.WAITING.value:
        return ""
    if record is None or record.state.is_final:
        return "waits for its turn"
    if record.state is not JobState.WAITING:
        return ""
    if record.launcher == "local":
        return f"waits for free cores ({facts.max_cores} may be used)"
    return "waits for room in the queue"


def _three_digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


def _possible(facts: RunFacts, walker: WalkerSnapshot, state: str) -> Action:
    ended, wanted = facts.snapshot.state.is_final, Action(0)
    if not walker.state.is_final and state != CANCELLING:
        wanted |= Action.CANCEL
        wanted |= Action(0) if state == HELD else Action.HOLD
    if state == HELD or (ended and walker.state in (RunState.CANCELLED, RunState.FAILED)):
        wanted |= Action.RESUME
    if ended:
        wanted |= Action.RESUBMIT
    return wanted & facts.abilities
