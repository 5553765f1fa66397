"""Argument lists of Slurm's commands: pure functions, no shell anywhere."""

from __future__ import annotations

import re
import signal as signals
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from asyncmd_jupyter.jobs.heritage import without_secrets
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.script import ATTEMPT_VARIABLE, JOB_ID_VARIABLE, SLURM_OUTPUT
from asyncmd_jupyter.jobs.slurm.options import (
    minutes,
    notice_seconds,
    option_arguments,
    options_in,
)
from asyncmd_jupyter.settings import SlurmSettings

COMMENT_PREFIX = "asyncmd:"
OUTPUT_NAME = SLURM_OUTPUT
QUEUE_FIELDS = (
    "JobArrayID",
    "State",
    "RestartCnt",
    "exit_code",
    "NodeList",
    "Cluster",
    "SubmitTime",
    "Reason",
    "Name",  # text of users, and so is the next
    "Comment",
)
ACCOUNTING_FIELDS = (
    *("JobID", "State", "ExitCode", "NodeList", "End", "Submit", "Cluster"),
    *("JobName", "Comment"),  # text of users
)
# Times as seconds since 1970, which don't depend on time zones.
TIME_FORMAT = {"SLURM_TIME_FORMAT": "%s"}

_LONGEST_NAME = 200
_IDS_PER_CALL = 500
_NOT_INHERITED = re.compile(
    rf"SLURM_(?!(CONF|JWT)\Z).*|SBATCH_(WAIT|ARRAY_INX|TEST_ONLY|CLUSTERS)"
    rf"|{JOB_ID_VARIABLE}|{ATTEMPT_VARIABLE}"
)
# What people set for their own commands: filters, formats, other clusters; and what a kernel
# that is a job itself has from Slurm.
_PERSONAL = re.compile(r"(SQUEUE|SACCT|SINFO|SCANCEL|SCONTROL)_.*|SLURM_(?!(CONF|JWT)\Z).*")
_CLUSTERS = ("SBATCH_CLUSTERS", "SLURM_CLUSTERS")


def sbatch(
    settings: SlurmSettings,
    job: JobRecord,
    exclude: Collection[str],
    numbers: str = "",
    *,
    is_output_safe: bool = True,
) -> list[str]:
    """Submit the script of a job, or that of an array with the tasks of these numbers.

    The script itself is read from the standard input. It writes its words to a file in the
    folder of the job; Slurm's own go there too where nobody else can put a link in its place.
    """
    has_file = is_output_safe and not numbers
    output = escaped_pattern(job.folder / OUTPUT_NAME) if has_file else "/dev/null"
    return [
        settings.sbatch_executable,
        "--parsable",
        f"--job-name={plain_name(job.name)}",
        f"--chdir={'/' if numbers else job.folder}",
        f"--output={output}",
        f"--error={output}",
        "--input=/dev/null",
        "--open-mode=append",
        f"--comment={COMMENT_PREFIX}{job.id}",
        *([f"--array={numbers}"] if numbers else []),
        *shared_arguments(settings, job, exclude),
    ]


def shared_arguments(
    settings: SlurmSettings, job: JobRecord, exclude: Collection[str]
) -> list[str]:
    """The arguments that jobs have in common which can be tasks of one array."""
    return [
        *cluster_arguments(settings),
        *([f"--exclude={','.join(exclude)}"] if exclude else []),
        *_resources(job),
        *option_arguments(job.resources.options),
    ]


def squeue(settings: SlurmSettings, user: int) -> list[str]:
    """All jobs of a user that the controller remembers, one task of an array a line."""
    return [
        settings.squeue_executable,
        "--noheader",
        "--array",
        "--states=all",
        f"--user={user}",
        f"--Format={','.join(f'{field}:|' for field in QUEUE_FIELDS)}",
        *cluster_arguments(settings),
    ]


def sacct(settings: SlurmSettings, ids: Collection[str]) -> list[str]:
    """What accounting knows of all attempts of jobs, and of all jobs that had these ids."""
    return [
        settings.sacct_executable,
        "--noheader",
        "--parsable2",
        "--allocations",
        "--duplicates",
        f"--jobs={','.join(ids)}",
        f"--format={','.join(ACCOUNTING_FIELDS)}",
        *cluster_arguments(settings),
    ]


def scancel(settings: SlurmSettings, ids: Sequence[str]) -> list[str]:
    """End jobs for good."""
    return [settings.scancel_executable, *cluster_arguments(settings), *ids]


def scancel_pending(settings: SlurmSettings, ids: Sequence[str]) -> list[str]:
    """End those of the jobs that have not begun; for a task, all of its array that has not."""
    return [settings.scancel_executable, "--state=PENDING", *cluster_arguments(settings), *ids]


def scontrol(settings: SlurmSettings, word: str, ids: Sequence[str]) -> list[str]:
    """Hold or release jobs that wait."""
    return [settings.scontrol_executable, *cluster_arguments(settings), word, ",".join(ids)]


def stop_signal(settings: SlurmSettings, ids: Sequence[str]) -> list[str]:
    """SIGUSR1 to the batch shells only, which hand SIGTERM to their commands."""
    options = ("--batch", "--signal=USR1")
    return [settings.scancel_executable, *options, *cluster_arguments(settings), *ids]


def signal(settings: SlurmSettings, number: int, ids: Sequence[str]) -> list[str]:
    """A signal for jobs: SIGINT is handed on by the script of a user, others would end it."""
    batch = ["--batch"] if number == signals.SIGINT else []
    executable = settings.scancel_executable
    return [executable, f"--signal={number}", *batch, *cluster_arguments(settings), *ids]


def sinfo(settings: SlurmSettings) -> list[str]:
    """All nodes with their states."""
    executable = settings.sinfo_executable
    fields = "--Format=NodeList:|,StateLong:|"
    return [executable, "--noheader", "--Node", fields, *cluster_arguments(settings)]


def show_configuration(settings: SlurmSettings) -> list[str]:
    """What the controller of the default cluster says of itself."""
    return [settings.scontrol_executable, "show", "config"]


def in_chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Pieces that are short enough for one command each."""
    return (ids[first : first + _IDS_PER_CALL] for first in range(0, len(ids), _IDS_PER_CALL))


def compact(ids: Sequence[str]) -> list[str]:
    """Ids with those of an array put together: ``12_[0-3,7]``.

    Only to end jobs: a signal for some of the tasks that wait would reach all that do.
    """
    arrays: dict[str, list[int]] = {}
    plain: list[str] = []
    for native_id in ids:
        array, is_task, number = native_id.partition("_")
        if is_task:
            arrays.setdefault(array, []).append(int(number))
        else:
            plain.append(native_id)
    return [*plain, *(_tasks(array, found) for array, found in arrays.items())]


def _tasks(array: str, numbers: Sequence[int]) -> str:
    return f"{array}_[{ranges(numbers)}]" if len(numbers) > 1 else f"{array}_{numbers[0]}"


def ranges(numbers: Iterable[int]) -> str:
    """``0-3,7`` for 0, 1, 2, 3 and 7."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def environment(job: JobRecord, inherited: Mapping[str, str]) -> dict[str, str]:
    """Variables for sbatch, which hands them on to the job unless users say otherwise.

    A kernel that is a Slurm job itself has variables that would be taken for the new job's,
    such as its number of restarts.
    """
    plain = without_secrets(inherited)
    kept = {name: value for name, value in plain.items() if not _NOT_INHERITED.fullmatch(name)}
    return kept | {JOB_ID_VARIABLE: job.id}


def impersonal(inherited: Mapping[str, str]) -> dict[str, str]:
    """Variables for commands whose answers must not depend on who asks."""
    return {name: value for name, value in inherited.items() if not _PERSONAL.fullmatch(name)}


def unheeded_clusters(settings: SlurmSettings, inherited: Mapping[str, str]) -> str:
    """The variable by which other commands would go to another cluster; empty if there is none."""
    words = (f"{name}={inherited.get(name, '')}" for name in _CLUSTERS)
    return next(
        (word for word in words if word.partition("=")[2] not in ("", settings.cluster)), ""
    )


def escaped_pattern(path: Path) -> str:
    """A path where Slurm expects a pattern: a backslash in it turns ``%`` off everywhere."""
    text = str(path)
    return text.replace("\\", "\\\\") if "\\" in text else text.replace("%", "%%")


def plain_name(name: str) -> str:
    """A name that queues and databases of any age can take; the record keeps the real one."""
    readable = "".join(letter if " " <= letter <= "~" else "_" for letter in name)
    return readable[:_LONGEST_NAME].strip() or "job"


def _resources(job: JobRecord) -> Iterator[str]:
    options, in_script = job.resources.options, options_in(job.command.template)
    # One is what Slurm gives anyway; asking for it forbids options such as cpus-per-gpu.
    if job.resources.cores > 1 and "cpus-per-task" not in {*options, *in_script}:
        yield f"--cpus-per-task={job.resources.cores}"
    if "time" not in options and job.resources.time_limit is not None:
        yield f"--time={minutes(job.resources.time_limit)}"
    notice = notice_seconds(job.resources)
    if notice is not None and "signal" not in {*options, *in_script}:
        yield f"--signal=B:USR1@{notice}"
    if not job.command.repeatable and not {"requeue", "no-requeue"} & {*options, *in_script}:
        yield "--no-requeue"


def cluster_arguments(settings: SlurmSettings) -> list[str]:
    """Which cluster is meant, where there are several."""
    return [f"--clusters={settings.cluster}"] if settings.cluster else []
