"""What can be said honestly when no pattern fits."""

from __future__ import annotations

from asyncmd_jupyter.triage.diagnosis import Diagnosis
from asyncmd_jupyter.triage.pattern import Case, Source
from asyncmd_jupyter.triage.reading import last_lines

KIND = "unknown"
_LAST_LINES = 6
_UNKNOWN = "No known pattern fits; its last lines are below."
_SILENT = "No known pattern fits, and it has left no output."


def unexplained(case: Case) -> Diagnosis:
    """The last lines, without a guess."""
    source = next(iter(case.sources), Source(""))
    lines = last_lines(source.text, _LAST_LINES)
    return Diagnosis(
        kind=KIND,
        title=_title(case),
        lines=lines,
        file=str(source.path or ""),
        meaning=f"{_said(case)}{_UNKNOWN if lines else _SILENT}",
        remedies=_remedies(case),
    )


def _title(case: Case) -> str:
    if case.record is None:
        return type(case.error).__name__ if case.error else "Unknown"
    return f"{case.record.name} ended badly"


def _said(case: Case) -> str:
    said = case.record.reason if case.record else ""
    return f"{said} " if said else ""


def _remedies(case: Case) -> tuple[str, ...]:
    if case.record is None:
        return ()
    return (f"Look at all of its output in {case.record.folder}.",)
