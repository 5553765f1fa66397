"""What is true of one job, from its files, the queue and accounting: pure functions.

The exit-code file decides, unless somebody else may have wanted the end: then the queue says
whether it was a person, a limit or a restart. Accounting only explains what the queue has
forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from asyncmd_jupyter.jobs.folder import ended_status
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status
from asyncmd_jupyter.jobs.slurm.nodes import listed_nodes
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry
from asyncmd_jupyter.jobs.slurm.queue import ARRIVAL_SECONDS
from asyncmd_jupyter.jobs.slurm.states import (
    INTERRUPTIONS,
    NOTICE,
    PUT_BACK,
    sentence_on,
    sentence_on_waiting,
    state_of,
)
from asyncmd_jupyter.jobs.slurm.traces import Traces

NEVER_ARRIVED = "The kernel ended before the job was in the queue; it never ran."
_UNEXPLAINED = (
    "The queue has forgotten it, it left no exit code, and accounting has nothing on it"
    " (it may be switched off), so nobody knows how it ended."
)
_UNKNOWN_WORD = (
    "The queue has forgotten it, it left no exit code, and of accounting's word for it, {state},"
    " nothing is known here."
)
_NOTICE = "It was asked to stop because its time limit was near."
_AS_ASKED = "It was cancelled as asked."
_NOT_TWICE = "Slurm put it back into the queue, where it was ended: it is not meant to run twice."
_NO_FOLDER = "Slurm could not start it: its node can't write into the folder of the job."
_LAUNCH_FAILURE = -53  # no signal, but what slurmd says when it can't open the output


class Open(Enum):
    """What has to be known before something can be said."""

    NEWS = "the queue as it is from now on"
    TIME = "time, because files may be seen late and Slurm cleans up after jobs"
    ACCOUNTING = "what accounting knows of the job"


@dataclass(frozen=True)
class Evidence:
    """All that is known of a job.

    Attributes
    ----------
    entry : QueueEntry or None
        How the queue shows it.
    is_missing : bool
        Whether it is not in the queue although it should have been.
    is_fresh : bool
        Whether the queue was asked after it was seen that more has to be known.
    may_arrive : bool
        Whether its submission may still be under way.
    waited : float
        Seconds since that need.
    answered : float
        For how many of them the controller has answered without a break.
    accounted : QueueEntry or None
        What accounting says.
    was_accounted : bool
        Whether accounting was asked.
    """

    job: JobRecord
    traces: Traces
    entry: QueueEntry | None = None
    is_missing: bool = False
    is_fresh: bool = False
    may_arrive: bool = False
    waited: float = 0.0
    answered: float = 0.0
    accounted: QueueEntry | None = None
    was_accounted: bool = False


@dataclass(frozen=True)
class Grace:
    """Seconds to wait for what may come late.

    Attributes
    ----------
    explained : float
        For an exit-code file that a cancelled or failed job may have written.
    unexplained : float
        For one that must be there, or when the queue knows nothing.
    cleaning : float
        For Slurm to say why a command ended that has left its exit code.
    arrival : float
        For a submission to get into the queue once the controller answers: what timed out may
        have been heard, and is done when a controller that hung goes on.
    """

    explained: float = 2.0
    unexplained: float = 30.0
    cleaning: float = 60.0
    arrival: float = ARRIVAL_SECONDS


def judge(evidence: Evidence, grace: Grace) -> Status | Open:
    """The status of a job, or what it takes to tell."""
    job, traces, entry = evidence.job, evidence.traces, evidence.entry
    attempt = max(traces.attempt, entry.restarts if entry else 0)
    if attempt > job.attempt and not job.command.repeatable:
        return _put_back(evidence, grace)
    if attempt > job.attempt:
        return _next_attempt(evidence, attempt)
    verdict = _ended(evidence, traces.end, grace) if traces.end else _going_on(evidence, grace)
    if isinstance(verdict, Status) and entry is not None and entry.id != job.native_id:
        return replace(verdict, native_id=entry.id)
    return verdict


def is_certain(job: JobRecord, traces: Traces) -> bool:
    """Whether an exit-code file needs no second opinion."""
    if traces.end is None or job.cancel_requested or job.stop_requested:
        return traces.end is not None
    was_killed = traces.end.exit_code is not None and traces.end.exit_code < 0
    return not (traces.was_signalled or was_killed)


def _next_attempt(evidence: Evidence, attempt: int) -> Status:
    runs = evidence.traces.attempt == attempt and evidence.traces.start is not None
    start = evidence.traces.start if runs else None
    entry = evidence.entry
    return Status(
        JobState.RUNNING if runs else JobState.PENDING,
        reason=f"Slurm has put it back into the queue; this is attempt {attempt + 1}.",
        nodes=evidence.traces.nodes if runs else (),
        started=start.time if start else None,
        native_id=entry.id if entry else None,
        attempt=attempt,
    )


def _put_back(evidence: Evidence, grace: Grace) -> Status | Open:
    """A job that Slurm would run again, although it may run only once."""
    entry = evidence.entry
    if entry is not None and entry.state == "COMPLETING" and evidence.waited < grace.cleaning:
        return Open.TIME
    return Status(
        JobState.FAILED,
        reason=_NOT_TWICE,
        nodes=_nodes(evidence, entry),
        cause=PUT_BACK,
        native_id=entry.id if entry else None,
        interrupted=True,
    )


def _ended(evidence: Evidence, end: Status, grace: Grace) -> Status | Open:
    entry, job = evidence.entry, evidence.job
    end = replace(end, nodes=_nodes(evidence, entry))
    if is_certain(job, evidence.traces):
        return end
    if job.resources.notice is not None and evidence.traces.was_signalled:
        end = _noticed(end)
    if not evidence.is_fresh:
        return Open.NEWS
    if entry is None:
        if not evidence.was_accounted:
            return Open.ACCOUNTING
        accounted = evidence.accounted
        return _explained(end, accounted, job) if accounted else end
    state = state_of(entry.state)
    if state is None or not state.is_final:
        return end if evidence.waited > grace.cleaning else Open.NEWS
    return _explained(end, entry, job)


def _noticed(end: Status) -> Status:
    """Signalled before the limit, unless Slurm will say that it was something else."""
    if end.exit_code is not None and end.exit_code < 0:
        return end
    return replace(end, reason=_NOTICE, cause=NOTICE, interrupted=True)


def _explained(end: Status, entry: QueueEntry, job: JobRecord) -> Status:
    """An exit code in the light of what Slurm says of the same job."""
    state = state_of(entry.state)
    if state is None or not state.is_final or entry.state in ("COMPLETED", "FAILED"):
        return end
    if state is JobState.CANCELLED:
        end = replace(end, state=JobState.CANCELLED)
    return replace(
        end,
        reason=_sentence_on(entry.state, job),
        cause=entry.state,
        interrupted=entry.state in INTERRUPTIONS,
    )


def _sentence_on(word: str, job: JobRecord) -> str:
    """Whoever asked for the end of a job need not be told that somebody did."""
    return _AS_ASKED if word == "CANCELLED" and job.cancel_requested else sentence_on(word)


def _going_on(evidence: Evidence, grace: Grace) -> Status | Open:
    entry = evidence.entry
    if entry is None:
        return _missing(evidence, grace)
    state = state_of(entry.state)
    if state is not None and state.is_final:
        return _vanished(evidence, entry, state, grace)
    start = evidence.traces.start
    if start is not None or (state is JobState.RUNNING and entry.state != "COMPLETING"):
        return _running(evidence, sentence_on(entry.state))
    if entry.state == "COMPLETING":
        return Open.TIME
    waiting = sentence_on(entry.state) or sentence_on_waiting(entry.reason)
    return Status(JobState.PENDING, reason=waiting)


def _running(evidence: Evidence, reason: str = "") -> Status:
    start = evidence.traces.start
    nodes = _nodes(evidence, evidence.entry)
    started = start.time if start else None
    return Status(JobState.RUNNING, reason=reason, nodes=nodes, started=started)


def _vanished(
    evidence: Evidence, entry: QueueEntry, state: JobState, grace: Grace
) -> Status | Open:
    """It has ended in the queue without an exit-code file."""
    never_began = state is JobState.CANCELLED and not entry.nodes
    is_plain = entry.state in ("COMPLETED", "FAILED")
    patience = grace.unexplained if is_plain else grace.explained
    if evidence.waited < patience and not never_began:
        return Open.TIME
    if is_plain and entry.exit_code is not None:
        end = ended_status(entry.exit_code)
        reason = _NO_FOLDER if entry.exit_code == _LAUNCH_FAILURE else end.reason
        return replace(end, reason=reason, nodes=_nodes(evidence, entry))
    return Status(
        state,
        reason=_sentence_on(entry.state, evidence.job),
        cause=entry.state,
        nodes=_nodes(evidence, entry),
        interrupted=entry.state in INTERRUPTIONS,
    )


def _missing(evidence: Evidence, grace: Grace) -> Status | Open:
    """Neither an exit-code file nor a line in the queue."""
    if evidence.traces.start is not None and not evidence.is_missing:
        return _running(evidence)
    if not evidence.is_fresh or evidence.may_arrive:
        return Open.NEWS
    if evidence.job.native_id is None and evidence.traces.start is None:
        if evidence.answered < grace.arrival:
            return Open.TIME
        return Status(JobState.LOST, reason=NEVER_ARRIVED, interrupted=True)
    if not evidence.was_accounted:
        return Open.ACCOUNTING
    accounted = evidence.accounted
    state = state_of(accounted.state) if accounted else None
    if accounted is not None and state is not None:
        if state.is_final:
            return _vanished(evidence, accounted, state, grace)
        return Open.ACCOUNTING
    if evidence.waited < grace.unexplained:
        return Open.TIME
    reason = _UNKNOWN_WORD.format(state=accounted.state) if accounted else _UNEXPLAINED
    return Status(JobState.LOST, reason=reason, interrupted=True)


def _nodes(evidence: Evidence, entry: QueueEntry | None) -> tuple[str, ...]:
    """What the script left is there first, and the queue drops nodes that are done."""
    known = evidence.traces.nodes or evidence.job.nodes
    return known or (listed_nodes(entry.nodes) if entry else ())
