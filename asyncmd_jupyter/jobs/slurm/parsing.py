"""Replies of Slurm's commands as values. The formats asked for are the same from 22.05 on.

For 1,000 jobs ``squeue --json`` of 22.05 writes 3.2 MB, for which it takes 126 ms of CPU and we
would take 15, where ``--Format`` writes 57 kB in 6 ms that are read in 4; and it shows the
waiting tasks of an array as one job, whatever ``--array`` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from asyncmd_jupyter.jobs.slurm.commands import ACCOUNTING_FIELDS, COMMENT_PREFIX, QUEUE_FIELDS
from asyncmd_jupyter.jobs.slurm.nodes import expand_numbers

_NATIVE_ID = re.compile(r"(\d+)(?:;(\S+))?")
_LISTED_ID = re.compile(r"(\d+)(?:_(\d+)|_\[([\d,:-]+)(?:%\d+)?\]|\+\d+)?")
_OUR_COMMENT = re.compile(rf"\|{COMMENT_PREFIX}(\w+)\|?\Z")
_CLUSTER_NAME = re.compile(r"ClusterName\s*=\s*(\S+)")
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"
_ACCOUNTED = re.compile(r"(\d+):(\d+)")


@dataclass(frozen=True)
class QueueEntry:
    """One job as squeue or sacct shows it.

    Attributes
    ----------
    id : str
        Slurm's, such as ``12`` or ``12_4``.
    state : str
        Slurm's word, such as ``NODE_FAIL``.
    restarts : int
        How often it was begun again.
    exit_code : int or None
        Of the script; negative for a signal.
    nodes : str
        As Slurm lists them.
    reason : str
        Slurm's word for why it is in this state.
    job_id : str
        Ours, which the comment of the submission holds; for a task of an array the name that
        `task_name` gives; empty for jobs of others.
    ended : datetime or None
        What accounting says of that.
    submitted : datetime or None
        When this attempt was.
    cluster : str
        That has it; empty if it does not say so.
    label : str
        Name and comment with ``|`` around them.
    """

    id: str
    state: str
    restarts: int = 0
    exit_code: int | None = None
    nodes: str = ""
    reason: str = ""
    job_id: str = ""
    ended: datetime | None = None
    submitted: datetime | None = None
    cluster: str = ""
    label: str = ""


def parse_sbatch(text: str) -> tuple[str, str] | None:
    """Id and cluster of the new job; None if the reply holds none. Sites may add lines.

    The cluster is empty where sbatch was not told which one to take.
    """
    matches = (_NATIVE_ID.fullmatch(line.strip()) for line in reversed(text.splitlines()))
    return next(((match.group(1), match.group(2) or "") for match in matches if match), None)


def parse_cluster_name(text: str) -> str:
    """What the configuration calls the cluster; empty if it does not say so."""
    match = _CLUSTER_NAME.search(text)
    return match.group(1) if match else ""


def parse_squeue(text: str) -> list[QueueEntry]:
    """All jobs of a reply; lines that are none, such as names of clusters, are left out."""
    return [entry for line in text.splitlines() for entry in _queue_line(line)]


def parse_sacct(text: str) -> dict[str, list[QueueEntry]]:
    """What accounting knows, by the ids of Slurm: several attempts, and several jobs."""
    found: dict[str, list[QueueEntry]] = {}
    for line in text.splitlines():
        for entry in _accounting_line(line):
            found.setdefault(entry.id, []).append(entry)
    return found


def parse_sinfo(text: str) -> dict[str, str]:
    """The states of all nodes; a node in several partitions is there once."""
    rows = (line.split("|") for line in text.splitlines())
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 1}


def expand_ids(text: str) -> list[str]:
    """``12_[3-5%2]`` is three ids; nothing for what is no id."""
    match = _LISTED_ID.fullmatch(text.strip())
    if match is None:
        return []
    job, _, tasks = match.groups()
    if tasks is None:
        return [text.strip()]
    return [f"{job}_{int(task)}" for task in expand_numbers(tasks)]


def task_name(batch: str, number: int | str) -> str:
    """What one of the jobs is called that were submitted together as a batch."""
    return f"{batch}.{number}"


def name_in(comment: str, native_id: str) -> str:
    """Ours of a job, if its comment holds one."""
    match = _OUR_COMMENT.search(f"|{comment}")
    return _job_id(match.group(1), native_id) if match else ""


def _queue_line(line: str) -> Iterator[QueueEntry]:
    fields = line.split("|", len(QUEUE_FIELDS) - 2)
    ids = expand_ids(fields[0])
    if not ids or len(fields) < len(QUEUE_FIELDS) - 1:
        return
    _, state, restarts, status, nodes, cluster, submitted, reason, rest = (
        field.strip() for field in fields
    )
    comment = _OUR_COMMENT.search(f"|{rest}")
    for job in ids:
        yield QueueEntry(
            job,
            first_word(state),
            restarts=_number(restarts),
            exit_code=from_wait_status(_number(status)),
            nodes=nodes,
            reason=reason,
            job_id=_job_id(comment.group(1), job) if comment else "",
            submitted=moment(submitted),
            cluster=_known(cluster),
            label=f"|{rest}|",
        )


def _job_id(commented: str, native_id: str) -> str:
    _, is_task, number = native_id.partition("_")
    return task_name(commented, number) if is_task else commented


def _accounting_line(line: str) -> Iterator[QueueEntry]:
    fields = line.split("|", len(ACCOUNTING_FIELDS) - 2)
    if len(fields) < len(ACCOUNTING_FIELDS) - 1:
        return
    listed, state, code, nodes, ended, submitted, cluster, rest = fields
    comment = _OUR_COMMENT.search(f"|{rest}")
    for job in expand_ids(listed):
        yield QueueEntry(
            job,
            first_word(state),
            exit_code=accounted_code(code),
            nodes=nodes,
            ended=moment(ended),
            job_id=_job_id(comment.group(1), job) if comment else "",
            submitted=moment(submitted),
            cluster=_known(cluster),
            label=f"|{rest}|",
        )


def moment(text: str) -> datetime | None:
    """Seconds since 1970, or a local time; None for ``Unknown`` and the like."""
    try:
        if text.strip().isdecimal():
            return datetime.fromtimestamp(int(text)).astimezone()
        return datetime.strptime(text.strip(), _TIME_FORMAT).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _known(word: str) -> str:
    return "" if word in ("N/A", "(null)") else word


def first_word(state: str) -> str:
    """``CANCELLED by 1000`` and ``CANCELLED+`` are CANCELLED."""
    return (state.split() or [""])[0].rstrip("+")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def from_wait_status(status: int) -> int:
    """An exit code, or the negative number of a signal."""
    signal = status & 0x7F
    return -signal if signal else status >> 8 & 0xFF


def accounted_code(text: str) -> int | None:
    """The same of what sacct writes, such as ``0:9``."""
    match = _ACCOUNTED.fullmatch(text.strip())
    if match is None:
        return None
    code, signal = map(int, match.groups())
    return -signal if signal else code
