"""Find a job by the beginning of its id."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord


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
