"""All jobs of a user with what people want to read of them, not only those of ours.

Names, folders and comments are free text: a separator that nobody types keeps them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncmd_jupyter.jobs.slurm.commands import COMMENT_PREFIX, cluster_arguments
from asyncmd_jupyter.jobs.slurm.parsing import (
    QueueEntry,
    accounted_code,
    expand_ids,
    first_word,
    from_wait_status,
    moment,
    name_in,
)
from asyncmd_jupyter.settings import SlurmSettings

_SEPARATOR = "\x1f"
_QUEUE_FIELDS = (
    *("JobArrayID", "State", "Reason", "NodeList", "NumCPUs", "Partition", "SubmitTime"),
    *("StartTime", "EndTime", "TimeLimit", "exit_code", "RestartCnt", "WorkDir", "Name"),
    *("Comment", "Cluster"),
)
_HISTORY_FIELDS = (
    *("JobID", "State", "NodeList", "AllocCPUS", "Partition", "Submit", "Start", "End"),
    *("Timelimit", "ExitCode", "WorkDir", "JobName", "Comment", "Cluster"),
)
_LIMIT = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)")
_PENDING_WORDS = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")


@dataclass(frozen=True)
class ListedJob:
    """One job of a user as squeue or sacct shows it.

    Attributes
    ----------
    id : str
        Slurm's, such as ``12`` or ``12_4``.
    state : str
        Slurm's word.
    reason : str
        Slurm's word for why it waits.
    nodes : str
        As Slurm lists them.
    started : datetime or None
        None for one that waits, of which Slurm may only guess when it will start.
    time_limit : int or None
        Seconds.
    exit_code : int or None
    attempt : int
        How often it was begun again.
    workdir, name, comment : str
    cluster : str
        That has it.
    in_queue : bool
        Whether Slurm still has it, so that something can be done about it.
    """

    id: str
    state: str
    reason: str = ""
    nodes: str = ""
    cores: int = 0
    partition: str = ""
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    time_limit: int | None = None
    exit_code: int | None = None
    attempt: int = 0
    workdir: str = ""
    name: str = ""
    comment: str = ""
    cluster: str = ""
    in_queue: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether a kernel of this package has submitted it."""
        return self.comment.startswith(COMMENT_PREFIX)

    @property
    def entry(self) -> QueueEntry:
        """What tells which job it is."""
        return QueueEntry(
            self.id,
            self.state,
            restarts=self.attempt,
            job_id=name_in(self.comment, self.id),
            submitted=self.submitted,
            cluster=self.cluster,
            label=f"|{self.name}|{self.comment}|",
        )


def list_queue(settings: SlurmSettings, user: int) -> list[str]:
    """Arguments of squeue for all jobs of a user, one task of an array a line."""
    return [
        settings.squeue_executable,
        *("--noheader", "--array", "--states=all", f"--user={user}"),
        f"--Format={','.join(f'{field}:{_SEPARATOR}' for field in _QUEUE_FIELDS)}",
        *cluster_arguments(settings),
    ]


def list_history(settings: SlurmSettings, user: int, since: datetime) -> list[str]:
    """Arguments of sacct for the jobs of a user that had not ended before a moment."""
    return [
        settings.sacct_executable,
        *("--noheader", "--parsable2", "--allocations", f"--delimiter={_SEPARATOR}"),
        f"--user={user}",
        f"--starttime={since.astimezone():%Y-%m-%dT%H:%M:%S}",
        f"--format={','.join(_HISTORY_FIELDS)}",
        *cluster_arguments(settings),
    ]


def parse_queue(text: str) -> list[ListedJob]:
    """All jobs of a reply of squeue; lines that are none are left out."""
    return [job for fields in _lines(text, _QUEUE_FIELDS) for job in _queued(fields)]


def parse_history(text: str) -> list[ListedJob]:
    """All jobs of a reply of sacct; lines that are none are left out."""
    return [job for fields in _lines(text, _HISTORY_FIELDS) for job in _recorded(fields)]


def _lines(text: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    for line in text.split("\n"):
        fields = [field.strip() for field in line.split(_SEPARATOR)]
        if len(fields) >= len(names):
            yield dict(zip(names, fields, strict=False))


def _queued(fields: dict[str, str]) -> Iterator[ListedJob]:
    state = first_word(fields["State"])
    has_begun = state not in _PENDING_WORDS
    for job_id in expand_ids(fields["JobArrayID"]):
        yield ListedJob(
            id=job_id,
            state=state,
            reason=fields["Reason"],
            nodes=fields["NodeList"],
            cores=_number(fields["NumCPUs"]),
            partition=fields["Partition"],
            submitted=moment(fields["SubmitTime"]),
            started=moment(fields["StartTime"]) if has_begun else None,
            ended=moment(fields["EndTime"]),
            time_limit=_seconds(fields["TimeLimit"]),
            exit_code=from_wait_status(_number(fields["exit_code"])),
            attempt=_number(fields["RestartCnt"]),
            workdir=fields["WorkDir"],
            name=fields["Name"],
            comment=fields["Comment"],
            cluster=fields["Cluster"],
        )


def _recorded(fields: dict[str, str]) -> Iterator[ListedJob]:
    for job_id in expand_ids(fields["JobID"]):
        yield ListedJob(
            id=job_id,
            state=first_word(fields["State"]),
            nodes=fields["NodeList"],
            cores=_number(fields["AllocCPUS"]),
            partition=fields["Partition"],
            submitted=moment(fields["Submit"]),
            started=moment(fields["Start"]),
            ended=moment(fields["End"]),
            time_limit=_seconds(fields["Timelimit"]),
            exit_code=accounted_code(fields["ExitCode"]),
            workdir=fields["WorkDir"],
            name=fields["JobName"],
            comment=fields["Comment"],
            cluster=fields["Cluster"],
            in_queue=False,
        )


def _seconds(limit: str) -> int | None:
    """``1-02:03:04`` in seconds; None for words such as ``UNLIMITED``."""
    match = _LIMIT.fullmatch(limit)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else 0
