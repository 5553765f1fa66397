"""Slurm's word for the state of a job, and the return code that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from asyncmd_jupyter.jobs.model import JobRecord, JobState

# None: it has not ended; 2: a node failed; 1: it failed in any other way.
SLURM_STATE_TO_EXITCODE: Mapping[str, int | None] = MappingProxyType(
    {
        "PENDING": None,
        "CONFIGURING": None,
        "REQUEUED": None,
        "REQUEUE_FED": None,
        "REQUEUE_HOLD": None,
        "SPECIAL_EXIT": None,
        "RESV_DEL_HOLD": None,
        "POWER_UP_NODE": None,
        "RUNNING": None,
        "COMPLETING": None,
        "STAGE_OUT": None,
        "RESIZING": None,
        "SIGNALING": None,
        "EXPEDITING": None,
        "SUSPENDED": None,
        "STOPPED": None,
        "COMPLETED": 0,
        "FAILED": 1,
        "CANCELLED": 1,
        "REVOKED": 1,
        "TIMEOUT": 1,
        "DEADLINE": 1,
        "OUT_OF_MEMORY": 1,
        "PREEMPTED": 1,
        "NODE_FAIL": 2,
        "BOOT_FAIL": 2,
        "LAUNCH_FAILED": 2,
        "RECONFIG_FAIL": 2,
        "UNKNOWN": 1,  # no word of Slurm's: nobody can tell how it ended
    }
)

_WORDS = {
    JobState.WAITING: "PENDING",
    JobState.PENDING: "PENDING",
    JobState.RUNNING: "RUNNING",
    JobState.DONE: "COMPLETED",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "CANCELLED",
    JobState.LOST: "UNKNOWN",
}


def slurm_word(record: JobRecord) -> str:
    """What Slurm calls the state of a job."""
    if record.state is JobState.CANCELLED:
        return "CANCELLED"
    return record.cause or _WORDS[record.state]


def returncode_of(record: JobRecord) -> int | None:
    """None until the end, then 0, 1 or, for a failure of a node, 2.

    A job that somebody made Slurm put back although it may run only once ends with 1,
    because Slurm does not say why it did.
    """
    if not record.state.is_final:
        return None
    code = SLURM_STATE_TO_EXITCODE.get(slurm_word(record))
    return 1 if code is None else code
