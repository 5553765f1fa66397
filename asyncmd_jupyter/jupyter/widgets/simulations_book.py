"""Keeps the rows of all simulations, and makes only those anew that may have changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.simulations_actions import abilities
from asyncmd_jupyter.jupyter.widgets.simulations_clock import WalkerClock
from asyncmd_jupyter.jupyter.widgets.simulations_distance import aims_of, values_of
from asyncmd_jupyter.jupyter.widgets.simulations_rows import (
    RunFacts,
    SimulationRow,
    has_to_begin,
    simulation_row,
)
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot

RUN_TAG = "run"


class Breather:
    """Lets others have the event loop after each few milliseconds of work."""

    def __init__(self, longest: float = 0.004) -> None:
        self._longest = longest
        self._since = time.perf_counter()
        self.worked = 0.0

    async def breathe(self) -> None:
        """Give way if it is time."""
        if (spent := time.perf_counter() - self._since) > self._longest:
            self.worked += spent
            await asyncio.sleep(0)
            self._since = time.perf_counter()


@dataclass
class Changes:
    """What a look at the simulations found.

    Attributes
    ----------
    new : dict
        Number of a row -> the row.
    changed : dict
        Number of a row -> what it was and what it is.
    gone : list of int
    """

    new: dict[int, SimulationRow] = field(default_factory=dict)
    changed: dict[int, tuple[SimulationRow, SimulationRow]] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


@dataclass
class _Walker:
    """What is remembered of a walker, to see what has to be read again."""

    number: int
    clock: WalkerClock = field(default_factory=WalkerClock)
    trouble: str = ""
    basis: tuple[object, ...] = ()
    row: SimulationRow | None = None


@dataclass
class _Entry:
    run: RunLike
    snapshot: RunSnapshot
    walkers: list[_Walker] = field(default_factory=list)


class SimulationBook:
    """The rows of some runs, numbered; a number stays with its simulation.

    Parameters
    ----------
    runs : callable
        Gives the runs.
    records : callable
        Gives all job records that are known.
    campaign : str, optional
        Leave out runs of other campaigns.
    """

    def __init__(
        self,
        runs: Callable[[], Iterable[RunLike]],
        records: Callable[[], Iterable[JobRecord]],
        campaign: str | None = None,
    ) -> None:
        self.rows: dict[int, SimulationRow] = {}
        self._runs = runs
        self._records = records
        self._campaign = campaign
        self._entries: dict[str, _Entry] = {}
        self._others: dict[str, RunLike] = {}
        self._places: dict[int, tuple[str, int]] = {}
        self._jobs: dict[str, JobRecord] = {}
        self._dirty: set[str] = set()
        self._next = 0
        self._has_asked = False
        self._explained: dict[str, str] = {}

    def mark(self, run_id: str) -> None:
        """Look at a run again next time."""
        self._dirty.add(run_id)

    def mark_job(self, record: JobRecord) -> str | None:
        """Take in the newest record of a job; returns the run it belongs to."""
        self._jobs[record.id] = record
        if (run_id := record.tags.get(RUN_TAG)) is not None:
            self.mark(run_id)
        return run_id

    def is_shown(self, run_id: str) -> bool:
        """Whether a run may have rows here."""
        return run_id not in self._others

    def place(self, number: int) -> tuple[RunLike, RunSnapshot, int]:
        """Find run, newest snapshot and walker of a row.

        Raises
        ------
        KeyError
            The row is gone.
        """
        run_id, index = self._places[number]
        entry = self._entries[run_id]
        return entry.run, entry.snapshot, index

    def record(self, number: int) -> JobRecord | None:
        """Find the newest job of a row."""
        return self._jobs.get(self.rows[number].job)

    def set_trouble(self, numbers: Iterable[int], message: str) -> None:
        """Let rows say what went wrong with them; nothing if it is empty."""
        for number in numbers:
            if number in self._places:
                run_id, index = self._places[number]
                self._entries[run_id].walkers[index].trouble = message
                self.mark(run_id)

    async def update(self, breather: Breather) -> Changes:
        """Make rows anew where something may have changed, giving way to others meanwhile."""
        changes, self._has_asked = Changes(), False
        present = {run.id: run for run in self._runs()}
        self._forget(present.keys(), changes)
        wanted = [run for run in present.values() if self._needs_look(run)]
        self._dirty -= {run.id for run in wanted}
        self._dirty &= present.keys()
        for place, run in enumerate(wanted):
            try:
                for number, row in self._made(run, changes):
                    self._note(number, row, changes)
                    await breather.breathe()
            except BaseException:
                self._dirty |= {left.id for left in wanted[place:]}
                raise
            await breather.breathe()
        return changes

    def first_rows(self, seconds: float = 0.01) -> tuple[list[SimulationRow], int]:
        """Give rows without waiting for `update`: what can be had in a short time.

        Returns
        -------
        list of SimulationRow, int
            And how many runs were left out.
        """
        began, made, left = time.perf_counter(), list[SimulationRow](), 0
        for run in self._runs():
            if time.perf_counter() - began > seconds:
                left += 1
            elif self._is_wanted(snapshot := run.snapshot()):
                entry = self._entries.get(run.id) or _Entry(run, snapshot)
                made += [row for _, row in self._rows_of(entry, snapshot, list(entry.walkers))]
        return made, left

    def _needs_look(self, run: RunLike) -> bool:
        known = self._others.get(run.id)
        entry = self._entries.get(run.id)
        known = entry.run if entry is not None else known
        return known is not run or (entry is not None and run.id in self._dirty)

    def _is_wanted(self, snapshot: RunSnapshot) -> bool:
        return self._campaign is None or snapshot.campaign == self._campaign

    def _forget(self, present: Iterable[str], changes: Changes) -> None:
        for run_id in self._entries.keys() - set(present):
            self._drop(self._entries.pop(run_id).walkers, changes)
        for run_id in self._others.keys() - set(present):
            del self._others[run_id]

    def _drop(self, walkers: Iterable[_Walker], changes: Changes) -> None:
        for walker in walkers:
            changes.gone.append(walker.number)
            self.rows.pop(walker.number, None)
            self._places.pop(walker.number, None)

    def _made(self, run: RunLike, changes: Changes) -> Iterator[tuple[int, SimulationRow]]:
        snapshot = run.snapshot()
        if not self._is_wanted(snapshot):
            self._others[run.id] = run
            if (entry := self._entries.pop(run.id, None)) is not None:
                self._drop(entry.walkers, changes)
            return
        self._others.pop(run.id, None)
        entry = self._entry(run, snapshot, changes)
        yield from self._rows_of(entry, snapshot, entry.walkers)

    def _entry(self, run: RunLike, snapshot: RunSnapshot, changes: Changes) -> _Entry:
        entry = self._entries.get(run.id)
        if entry is None or entry.run is not run:
            numbers = [] if entry is None else [w.number for w in entry.walkers]
            entry = self._entries[run.id] = _Entry(run, snapshot, [_Walker(n) for n in numbers])
        entry.snapshot = snapshot
        n_walkers = len(snapshot.walkers)
        self._drop(entry.walkers[n_walkers:], changes)
        del entry.walkers[n_walkers:]
        for index in range(len(entry.walkers), n_walkers):
            entry.walkers.append(_Walker(self._next))
            self._places[self._next] = (run.id, index)
            self._next += 1
        return entry

    def _rows_of(
        self, entry: _Entry, snapshot: RunSnapshot, walkers: list[_Walker]
    ) -> Iterator[tuple[int, SimulationRow]]:
        cores = runtime.current().settings.max_cores
        first = next((w.index for w in snapshot.walkers if has_to_begin(w)), None)
        facts = RunFacts(snapshot, abilities(entry.run), self._explain, cores, first)
        walkers = walkers or [_Walker(-1) for _ in snapshot.walkers]
        for kept, walker in zip(walkers, snapshot.walkers, strict=False):
            yield kept.number, self._row(facts, entry.run, kept, walker)

    def _row(
        self, facts: RunFacts, run: RunLike, kept: _Walker, walker: WalkerSnapshot
    ) -> SimulationRow:
        record, is_final = self._job(walker.job_id), facts.snapshot.state.is_final
        waits = (facts.max_cores, facts.is_behind(walker))
        basis = (walker, record, is_final, facts.abilities, waits, kept.trouble)
        # What conditions say of new frames comes after the frames have been counted, and
        # of the frames of a run that was brought back some time after the run.
        is_growing = walker.state is RunState.RUNNING
        if kept.row is not None and kept.basis == basis and not is_growing and kept.row.is_known:
            return kept.row
        series = run.series(walker.index)
        kept.basis = basis
        kept.clock.look(record, self._jobs.get)
        kept.row = simulation_row(
            facts,
            walker,
            record,
            aims=aims_of(series),
            values=values_of(series, walker.reached),
            ran=kept.clock.shown(),
            trouble=kept.trouble,
        )
        return kept.row

    def _explain(self, reason: str) -> str:
        from asyncmd_jupyter.triage import explain_reason

        if reason not in self._explained:
            self._explained[reason] = explain_reason(reason) or reason
        return self._explained[reason]

    def _job(self, job_id: str | None) -> JobRecord | None:
        if job_id is not None and job_id not in self._jobs and not self._has_asked:
            self._jobs |= {record.id: record for record in self._records()}
            self._has_asked = True
        return self._jobs.get(job_id or "")

    def _note(self, number: int, row: SimulationRow, changes: Changes) -> None:
        before = self.rows.get(number)
        self.rows[number] = row
        if before is None:
            changes.new[number] = row
        elif before != row:
            changes.changed[number] = (before, row)
