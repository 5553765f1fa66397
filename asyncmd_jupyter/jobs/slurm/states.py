"""Slurm's words for states and reasons, and what they mean in plain ones."""

from __future__ import annotations

import re
from collections.abc import Collection

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.slurm.nodes import compact_nodes

# Our word for a job that Slurm would run again, although it may run only once.
PUT_BACK = "REQUEUED"

# Our word for a job that was signalled shortly before its time limit.
NOTICE = "NOTICE"

# From Slurm's word to the state of a job and a sentence, empty where the state says it all.
MEANINGS: dict[str, tuple[JobState, str]] = {
    "PENDING": (JobState.PENDING, ""),
    "CONFIGURING": (JobState.PENDING, "Its nodes are being made ready."),
    "REQUEUED": (JobState.PENDING, "Slurm will start it again."),
    "REQUEUE_FED": (JobState.PENDING, "Slurm will start it again on another cluster."),
    "REQUEUE_HOLD": (JobState.PENDING, "It was put back and is held; 'scontrol release' helps."),
    "SPECIAL_EXIT": (JobState.PENDING, "It was put back and is held; 'scontrol release' helps."),
    "RESV_DEL_HOLD": (JobState.PENDING, "It is held because its reservation was deleted."),
    "RUNNING": (JobState.RUNNING, ""),
    "COMPLETING": (JobState.RUNNING, ""),
    "STAGE_OUT": (JobState.RUNNING, "Its files are being copied back."),
    "RESIZING": (JobState.RUNNING, ""),
    "SIGNALING": (JobState.RUNNING, ""),
    "EXPEDITING": (JobState.RUNNING, ""),
    "POWER_UP_NODE": (JobState.PENDING, "Its nodes are being switched on."),
    "SUSPENDED": (JobState.RUNNING, "It is suspended."),
    "STOPPED": (JobState.RUNNING, "It is stopped."),
    "COMPLETED": (JobState.DONE, ""),
    "FAILED": (JobState.FAILED, ""),
    "CANCELLED": (JobState.CANCELLED, "Somebody cancelled it in Slurm."),
    "REVOKED": (JobState.CANCELLED, "Slurm gave it to another cluster."),
    "TIMEOUT": (JobState.FAILED, "It reached its time limit."),
    "DEADLINE": (JobState.FAILED, "It could not end before its deadline."),
    "OUT_OF_MEMORY": (
        JobState.FAILED,
        "It needed more memory than it had asked for; the sbatch options 'mem' and 'mem-per-cpu'"
        " ask for more.",
    ),
    "NODE_FAIL": (JobState.FAILED, "A node on which it ran failed."),
    "BOOT_FAIL": (JobState.FAILED, "Its nodes could not be started."),
    "LAUNCH_FAILED": (JobState.FAILED, "Slurm could not start it on its nodes."),
    "RECONFIG_FAIL": (JobState.FAILED, "Its nodes could not be set up."),
    "PREEMPTED": (JobState.FAILED, "It had to make room for a more important job."),
}

_REASONS = {
    "None": "",
    "Resources": "It waits for free nodes.",
    "Priority": "It waits behind jobs of higher priority.",
    "Dependency": "It waits for another job.",
    "DependencyNeverSatisfied": "It waits for a job that failed, so it will never start.",
    "BeginTime": "It may start only later, after a restart for example.",
    "JobHeldUser": "It is held; 'scontrol release' lets it go.",
    "JobHeldAdmin": "It is held by an administrator.",
    "JobArrayTaskLimit": "Enough tasks of its array are running.",
    "Licenses": "It waits for a licence.",
    "Reservation": "It waits for its reservation.",
    "ReqNodeNotAvail": "A node that it needs is not available now.",
    "PartitionDown": "Its partition is down.",
    "PartitionInactive": "Its partition is inactive.",
    "PartitionNodeLimit": "It asks for more nodes or cores than its partition allows.",
    "PartitionTimeLimit": "Its time limit is longer than its partition allows.",
    "JobLaunchFailure": "Slurm could not start it on its nodes.",
    "launch failed requeued held": "Slurm could not start it on its nodes, and holds it.",
    "Cleaning": "Its last attempt is being cleaned up.",
    "NodeDown": "A node that it needs is down.",
    "PartitionConfig": "It asks for more nodes, cores or time than its partition allows, or its"
    " partition was changed.",
    "AccountNotAllowed": "Its partition is not for its account.",
    "AccountingPolicy": "A rule of accounting does not allow it now.",
    "InvalidAccount": "Its account is not valid.",
    "InvalidQOS": "Its quality of service is not valid.",
    "QOSNotAllowed": "Its partition or account does not allow its quality of service.",
    "QOSUsageThreshold": "Its quality of service has been used too much.",
    "QOSTimeLimit": "Its time limit is longer than its quality of service allows.",
    "ReservationDeleted": "Its reservation was deleted.",
    "InactiveLimit": "It was inactive for too long.",
    "SystemFailure": "Slurm, a file system or the network failed.",
    "Prolog": "Its nodes are being made ready.",
    "FedJobLock": "Clusters settle which of them runs it.",
    "FrontEndDown": "The machine from which its nodes are used is down.",
    "BurstBufferResources": "It waits for a burst buffer.",
    "BurstBufferStageIn": "Its files are copied into a burst buffer.",
    "MaxRequeue": "It was put back too often.",
    "DeadLine": "It can't end before its deadline.",
    "BadConstraints": "No node fits what it asks for.",
}

# By how the words for reached limits begin.
_LIMITS = {
    "QOS": "its quality of service",
    "Assoc": "its user or account",
    "Max": "its user, account or quality of service",
}

# What sbatch says when too few nodes are left, or one of those that are left out does not exist.
_TOO_FEW = re.compile(r"configuration is not available|invalid node name", re.I)

# Ended because of where and how long it ran: the same command may come further next time.
INTERRUPTIONS = frozenset(
    {
        *("TIMEOUT", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED", "RECONFIG_FAIL"),
        PUT_BACK,
    }
)

# A node and not the command is to blame.
NODE_CAUSES = frozenset({"NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED", "RECONFIG_FAIL"})


def state_of(word: str) -> JobState | None:
    """The state that Slurm's word means; None for a word that is not known."""
    return MEANINGS[word][0] if word in MEANINGS else None


def sentence_on(word: str) -> str:
    """What Slurm's word for a state means."""
    return MEANINGS[word][1] if word in MEANINGS else f"Slurm says {word}."


def sentence_on_waiting(reason: str) -> str:
    """Why a job waits."""
    word = reason.strip("() ").split(",")[0]
    if word in _REASONS:
        return _REASONS[word]
    for beginning, who in _LIMITS.items():
        if word.startswith(beginning):
            return f"A limit of {who} is reached ({word})."
    return f"Slurm lets it wait: {word}."


def advice_on_refusal(complaint: str, excluded: Collection[str]) -> str:
    """What else there is to know when sbatch has said no."""
    if not excluded or not _TOO_FEW.search(complaint):
        return ""
    return (
        f" These nodes are not used: {compact_nodes(excluded)}."
        " 'config.set_slurm_settings(exclude_nodes=…)' changes that, unless jobs of this kernel"
        " found them broken ('num_fails_for_broken_node' says when)."
    )
