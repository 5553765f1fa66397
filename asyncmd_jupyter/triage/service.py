"""Finds the pattern that fits best."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module, metadata
from typing import NamedTuple

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.slurm.states import sentence_on_waiting
from asyncmd_jupyter.triage.diagnosis import Diagnosis
from asyncmd_jupyter.triage.evidence import (
    case_of_error,
    case_of_job,
    case_of_reason,
    case_of_waiting,
)
from asyncmd_jupyter.triage.pattern import Case, Pattern, Source
from asyncmd_jupyter.triage.policy import policy_for
from asyncmd_jupyter.triage.unexplained import unexplained

logger = logging.getLogger(__name__)

_MANY = 1000
ENTRY_POINTS = "asyncmd_jupyter.triage"
AREAS = (
    *("queue", "allowance", "limits", "nodes", "gromacs", "grompp"),
    *("openmm", "python", "shell", "files", "library"),
)


class Finding(NamedTuple):
    """A pattern that fits, and where."""

    rank: tuple[int, int, int, int]
    pattern: Pattern
    source: Source | None
    lines: tuple[str, ...]


class Triage:
    """The table of patterns, which can be added to."""

    def __init__(self, patterns: Iterable[Pattern] = ()) -> None:
        self._lock = threading.Lock()
        self._patterns: dict[str, Pattern] = {}
        self._explained: dict[str, str] = {}
        self._patterns.update((pattern.kind, pattern) for pattern in patterns)

    @classmethod
    def create(cls, _: runtimes.Runtime) -> Triage:
        """Our own patterns, and those of installed packages."""
        triage = cls(own_patterns())
        for pattern in _foreign_patterns():
            triage._take_foreign(pattern)
        return triage

    @classmethod
    def current(cls) -> Triage:
        """The one of the runtime in force."""
        return runtimes.current().service(cls.create)

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All of them, in the order in which they came."""
        with self._lock:
            return tuple(self._patterns.values())

    def register(self, pattern: Pattern) -> None:
        """Add a pattern.

        Raises
        ------
        TypeError
            It is none.
        ValueError
            There is one of this kind, or a regular expression of it is none.
        """
        if not isinstance(pattern, Pattern):
            raise TypeError(f"{pattern!r} is no Pattern.")
        pattern.check()
        with self._lock:
            if pattern.kind in self._patterns:
                raise ValueError(f"There is a pattern {pattern.kind!r}: choose another kind.")
            self._patterns[pattern.kind] = pattern
            self._explained.clear()

    def diagnose(self, record: JobRecord) -> Diagnosis | None:
        """Say why a job failed or waits; see `asyncmd_jupyter.triage.diagnose`."""
        if record.state is JobState.DONE and not record.interrupted:
            return None
        # What a job that goes on has written so far decides nothing.
        case = case_of_job(record) if record.state.is_final else case_of_waiting(record)
        found = self.best(case)
        if found is not None:
            return _diagnosis(found, policy_for(record))
        if not record.state.is_final:
            return None
        return replace(unexplained(case), policy=policy_for(record))

    def diagnose_error(self, error: BaseException, record: JobRecord | None = None) -> Diagnosis:
        """Explain an error; see `asyncmd_jupyter.triage.diagnose_error`."""
        # Files of a job that ended well hold nothing but warnings.
        failed = None if record is None or record.state is JobState.DONE else record
        case = case_of_error(error) if failed is None else case_of_job(failed, error)
        found = self.best(case)
        policy = policy_for(failed)
        if found is None:
            return replace(unexplained(case), policy=policy)
        return _diagnosis(found, policy)

    def explain_reason(self, text: str) -> str:
        """Say what a queue means; see `asyncmd_jupyter.triage.explain_reason`."""
        known = self._explained.get(text)
        if known is None:
            # Tables ask for thousands of rows, which wait for the same few reasons.
            if len(self._explained) > _MANY:
                self._explained.clear()
            known = self._explained[text] = self._sentence_on(text)
        return known

    def _sentence_on(self, text: str) -> str:
        if not text or not text.strip():
            return ""
        found = self.best(case_of_reason(text))
        if found is not None:
            return found.pattern.meaning
        bare = text.strip().strip("()")
        if bare in ("None", "N/A"):
            return ""
        return bare if " " in bare else sentence_on_waiting(bare)

    def best(self, case: Case) -> Finding | None:
        """The pattern that fits best, with its place."""
        found = [
            finding
            for number, pattern in enumerate(self.patterns)
            if _concerns(pattern, case)
            for finding in _findings(pattern, number, case)
        ]
        return max(found, key=lambda finding: finding.rank, default=None)

    def _take_foreign(self, pattern: Pattern) -> None:
        try:
            self.register(pattern)
        except (TypeError, ValueError) as error:
            logger.warning("A pattern of another package is left out: %s", error)


def own_patterns() -> list[Pattern]:
    """Those of this package, read when somebody asks for the first time."""
    modules = (import_module(f"asyncmd_jupyter.triage.patterns.{area}") for area in AREAS)
    return [pattern for module in modules for pattern in module.PATTERNS]


def _foreign_patterns() -> Iterable[Pattern]:
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        try:
            yield from list(entry.load())
        except Exception:
            # Whatever is wrong with another package, ours has to go on.
            logger.warning("The patterns of %s can't be used.", entry.value, exc_info=True)


def _concerns(pattern: Pattern, case: Case) -> bool:
    try:
        return pattern.concerns(case)
    except Exception:
        logger.warning("The pattern %s can't be used.", pattern.kind, exc_info=True)
        return False


def _findings(pattern: Pattern, number: int, case: Case) -> Iterable[Finding]:
    if pattern.in_words(case):
        yield Finding((pattern.priority, 0, 0, -number), pattern, None, ())
    if place := pattern.place_in(case):
        rank = (pattern.priority, 1, -place.number, -number)
        yield Finding(rank, pattern, place.source, pattern.quoted(place.source, place.match))


def _diagnosis(found: Finding, policy: str) -> Diagnosis:
    pattern, source = found.pattern, found.source
    return Diagnosis(
        kind=pattern.kind,
        title=pattern.title,
        lines=found.lines,
        file=str(source.path) if source and source.path else "",
        meaning=pattern.meaning,
        remedies=pattern.remedies,
        policy=pattern.policy or policy,
    )
