"""The options of sbatch that users may choose, and those that are ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from math import ceil

from asyncmd_jupyter.jobs.model import Resources

RESERVED = {
    "job-name": "the name of the job is used",
    "chdir": "the command says in which folder it runs",
    "output": "the output is in the folder of the job",
    "error": "the output is in the folder of the job",
    "input": "a job has no input",
    "open-mode": "output is always appended",
    "exclude": "use 'config.set_slurm_settings(exclude_nodes=…)'",
    "comment": "it holds what the job is found by",
    "clusters": "use 'config.set_slurm_settings(cluster=…)'",
    "parsable": "the reply of sbatch is read by this package",
    "quiet": "the reply of sbatch is read by this package",
    "wrap": "the command of the job is run",
    "array": "each job is submitted by itself",
    "wait": "jobs are waited for without it",
    "test-only": "nothing would be submitted",
    "help": "nothing would be submitted",
    "usage": "nothing would be submitted",
    "version": "nothing would be submitted",
}

_NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z0-9_]+)*")
_SHORTEST = 2


def check_options(options: Mapping[str, str]) -> None:
    """Raise ValueError for options that can't be handed to sbatch.

    sbatch takes any beginning of a name for the whole, so beginnings of reserved names
    are reserved as well.
    """
    for name, value in options.items():
        _check_name(name)
        if not isinstance(value, str) or "\0" in value:
            raise ValueError(
                f"The sbatch option {name!r} has the value {value!r}; it has to be text, and"
                " empty text for an option without value."
            )


def option_arguments(options: Mapping[str, str]) -> list[str]:
    """Arguments for sbatch; an empty value means an option without value."""
    return [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]


def cores_of(resources: Resources) -> int:
    """Cores per task that sbatch is asked for."""
    chosen = resources.options.get("cpus-per-task", "")
    return int(chosen) if chosen.isdecimal() else resources.cores


def minutes(limit: timedelta) -> int:
    """A time limit in whole minutes, rounded up, because 0 would mean none."""
    return max(1, ceil(limit / timedelta(minutes=1)))


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) < _SHORTEST:
        raise ValueError(
            f"The sbatch option {name!r} has to be a long name without dashes in front, such as"
            " 'partition' or 'cpus-per-task'."
        )
    for reserved, instead in RESERVED.items():
        if reserved.startswith(name):
            raise ValueError(f"The sbatch option {name!r} can't be chosen: {instead}.")
