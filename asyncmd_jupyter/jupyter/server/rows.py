"""Jobs as the page is told of them: one object of JSON each."""

from __future__ import annotations

import json
from typing import Any

from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import hostname
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.listing import ListedJob
from asyncmd_jupyter.jobs.slurm.nodes import listed_nodes
from asyncmd_jupyter.jobs.slurm.states import sentence_on, sentence_on_waiting, state_of
from asyncmd_jupyter.jupyter.server.facts import JobFacts, iso
from asyncmd_jupyter.jupyter.server.places import Places
from asyncmd_jupyter.jupyter.server.runs import RunInfo
from asyncmd_jupyter.jupyter.server.validation import OTHERS_PREFIX, STREAMS

_HELD_BY_ADMINISTRATOR = "JobHeldAdmin"
_HELD_STATES = ("REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")


def row_of_ours(
    job: JobFacts, run: RunInfo | None, entry: ListedJob | None, partition: str, places: Places
) -> str:
    """A stored job as JSON.

    Parameters
    ----------
    job : JobFacts
    run : RunInfo or None
        It belongs to.
    entry : ListedJob or None
        What the queue says of it.
    partition : str
        Where it is, or was.
    places : Places
    """
    is_local = job.launcher == LocalLauncher.name
    row: dict[str, Any] = {
        "id": job.id,
        "ours": True,
        "name": job.name,
        "launcher": job.launcher,
        "native_id": job.native_id,
        "state": job.state.value,
        "reason": job.reason or _waiting_here(job),
        "cause": job.cause or (entry.reason if entry and _waits(job) else ""),
        "nodes": list(job.nodes),
        "cores": job.cores,
        "partition": partition,
        "submitted": job.submitted,
        "started": job.started,
        "ended": job.ended,
        "time_limit": _limit(job, entry),
        "exit_code": job.exit_code,
        "attempt": job.attempt,
        "held": is_held(job, entry),
        "run": job.run,
        "walker": job.walker,
        "part": job.part,
        "campaign": run.campaign if run else "",
        "engine": (run.engine if run else "") or job.engine,
        "notebook": run.notebook if run else "",
        "folder": places.below_root(job.cwd),
        "path": job.cwd,
        "host": job.owner.partition(":")[0] if is_local else "",
        "can": possible_with_ours(job, entry),
        "logs": list(STREAMS) if job.has_begun else [],
    }
    return json.dumps(row)


def row_of_other(entry: ListedJob, places: Places) -> str:
    """A job of the user that is not ours as JSON."""
    state = state_of(entry.state) or JobState.LOST
    waits = state is JobState.PENDING
    told = sentence_on(entry.state) or (sentence_on_waiting(entry.reason) if waits else "")
    row: dict[str, Any] = {
        "id": OTHERS_PREFIX + entry.id,
        "ours": False,
        "name": entry.name,
        "launcher": SlurmLauncher.name,
        "native_id": entry.id,
        "state": state.value,
        "reason": told,
        "cause": entry.reason if waits else entry.state,
        "nodes": list(listed_nodes(entry.nodes)),
        "cores": entry.cores,
        "partition": entry.partition,
        "submitted": iso(entry.submitted),
        "started": iso(entry.started),
        "ended": iso(entry.ended) if state.is_final else None,
        "time_limit": entry.time_limit,
        "exit_code": entry.exit_code if state.is_final else None,
        "attempt": entry.attempt,
        "held": waits and _is_held(entry),
        **dict.fromkeys(("run", "walker", "part", "campaign", "engine", "notebook"), ""),
        "folder": places.below_root(entry.workdir),
        "path": entry.workdir,
        "host": "",
        "can": possible_with_other(entry),
        "logs": [],
    }
    return json.dumps(row)


def is_held(job: JobFacts, entry: ListedJob | None) -> bool:
    """Whether a job of ours waits until somebody releases it."""
    return job.held or (_waits(job) and entry is not None and _is_held(entry))


def possible_with_ours(job: JobFacts, entry: ListedJob | None) -> list[str]:
    """What can be done with a job of ours now."""
    if job.state.is_final:
        return []
    if job.launcher != SlurmLauncher.name:
        can_reach = job.owner.partition(":")[0] == hostname()
        return ["cancel"] if can_reach else []
    known = entry or ListedJob(job.native_id or "", _WORDS[job.state])
    if job.native_id is None:
        return ["cancel"]
    verbs = possible_with_other(known)
    rerun = [] if job.is_repeatable else ["requeue"]
    return [verb for verb in verbs or ["cancel"] if verb not in rerun]


def possible_with_other(entry: ListedJob) -> list[str]:
    """What can be done with a job in Slurm now."""
    state = state_of(entry.state)
    if not entry.in_queue or state is None or state.is_final:
        return []
    if state is JobState.RUNNING:
        return ["cancel", "requeue"]
    if not _is_held(entry):
        return ["cancel", "hold"]
    return ["cancel"] if entry.reason == _HELD_BY_ADMINISTRATOR else ["cancel", "release"]


_WORDS = {
    JobState.WAITING: "PENDING",
    JobState.PENDING: "PENDING",
    JobState.RUNNING: "RUNNING",
}


def _is_held(entry: ListedJob) -> bool:
    """Slurm's words for it are ``JobHeldUser`` or ``launch failed requeued held``."""
    return entry.state in _HELD_STATES or "held" in entry.reason.lower()


def _waiting_here(job: JobFacts) -> str:
    """Why a job waits of which only its kernel knows."""
    if job.state is not JobState.WAITING:
        return ""
    if job.launcher != LocalLauncher.name:
        return "Its kernel has not submitted it yet."
    return f"It starts when its kernel has {job.cores} core{'s' * (job.cores != 1)} free."


def _waits(job: JobFacts) -> bool:
    return job.state in (JobState.WAITING, JobState.PENDING)


def _limit(job: JobFacts, entry: ListedJob | None) -> float | None:
    """The queue knows best: administrators change limits, and partitions have their own."""
    known = entry.time_limit if entry else None
    return known if known is not None else job.time_limit
