"""Find a job by the beginning of its id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord

_NATIVE_ID = re.compile(r"\d+(_\d+)?")


def pick(
    records: Sequence[JobRecord], text: str, *, known: Sequence[str] | None = None
) -> list[JobRecord]:
    """The job that `text` names, or those that have it as their id at the launcher.

    Parameters
    ----------
    records : sequence of JobRecord
        Candidates, the newest first.
    text : str
        What `pick_by_prefix` takes; or the launcher's id of a job, or of an array, which stands
        for its tasks. Ids are used again, so those that have not ended come first.
    known : sequence of str, optional
        Ids from which a mistyped one is guessed; those of the records if not given.

    Raises
    ------
    JobError
        No job, or several of which only one can be meant.
    """
    native = _by_native_id(records, text) if _NATIVE_ID.fullmatch(text) else []
    ours = [record.id for record in records if record.id.startswith(text)] if native else []
    if mistakable := set(ours) - {record.id for record in native}:
        raise JobError(
            f"{text!r} is the launcher's id of {', '.join(record.id for record in native)} and"
            f" begins the id of {', '.join(sorted(mistakable))}: give more of ours."
        )
    known = [record.id for record in records] if known is None else known
    return native or [pick_by_prefix(records, text, known=known)]


def _by_native_id(records: Sequence[JobRecord], text: str) -> list[JobRecord]:
    """Local jobs are left out, whose ids there are those of processes."""
    found = [
        record
        for record in records
        if record.launcher == "slurm" and _is_in_array(record.native_id or "", text)
    ]
    unfinished = [record for record in found if not record.state.is_final]
    exact = [record for record in found if record.native_id == text]
    return unfinished or exact[:1] or found


def _is_in_array(native_id: str, text: str) -> bool:
    return native_id == text or native_id.startswith(f"{text}_")


def pick_by_prefix(records: Sequence[JobRecord], prefix: str, *, known: Sequence[str]) -> JobRecord:
    """The only one of the records whose id begins with `prefix` or whose name it is.

    Parameters
    ----------
    records : sequence of JobRecord
        Candidates.
    prefix : str
        An id, its beginning, or the name of a single unfinished job.
    known : sequence of str
        Ids from which a mistyped one is guessed.

    Raises
    ------
    JobError
        None or several of them.
    """
    fitting = {record.id: record for record in records if prefix and record.id.startswith(prefix)}
    if prefix in fitting:
        return fitting[prefix]
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        raise JobError(f"Several jobs begin with {prefix!r}: {', '.join(sorted(fitting))}.")
    named = {r.id: r for r in records if r.name == prefix and not r.state.is_final}
    if len(named) == 1:
        return next(iter(named.values()))
    if named:
        raise JobError(f"Several jobs are named {prefix!r}: {', '.join(sorted(named))}.")
    near = difflib.get_close_matches(prefix, known, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else " 'asyncmd jobs --all' lists all."
    raise JobError(f"There is no job {prefix!r}.{hint}")
