"""What users say about one job of Slurm: checked before anything is written or submitted."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from datetime import timedelta
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jobs.slurm.options import MOST_HOURS, RESERVED, check_options, without_reserved

_LONGEST_NAME = 230  # the ending and Slurm's id have to fit into the name of a file, too
_WAYS_OUT = {
    **RESERVED,
    "job-name": "give the name as jobname=…",
    "chdir": "give the folder as workdir=…",
    "output": "the output is in the files <jobname>.out.<id> and <jobname>.err.<id>",
    "error": "the output is in the files <jobname>.out.<id> and <jobname>.err.<id>",
    "input": "give the file to submit(stdin=…)",
}
_HAS_TIME = {"time": "the time limit is given as time=… already"}
_REMOVAL = {"success": "success", "no": "no", "yes": "yes", "always": "always"}


def checked_jobname(jobname: str) -> str:
    """The name, if files can be named after it.

    Raises
    ------
    ValueError, TypeError
        They can't.
    """
    if not isinstance(jobname, str):
        raise TypeError(f"jobname={jobname!r} has to be text.")
    if not jobname or "/" in jobname or "\0" in jobname:
        raise ValueError(
            f"jobname={jobname!r} has to be a name without '/', because the output of the job"
            " goes to files of that name."
        )
    if len(os.fsencode(jobname)) > _LONGEST_NAME:
        raise ValueError(
            f"jobname={jobname[:20]!r}… is longer than the {_LONGEST_NAME} bytes that fit into"
            " the name of a file."
        )
    return jobname


def checked_time(hours: float | None) -> timedelta | None:
    """A time limit in hours; never none at all because it is short.

    Raises
    ------
    ValueError
        It is no time above 0.
    """
    if hours is None:
        return None
    if not _is_number(hours) or not math.isfinite(hours) or hours <= 0:
        raise ValueError(f"time={hours!r} has to be a number of hours above 0, or None.")
    if hours > MOST_HOURS:
        raise ValueError(f"time={hours!r} is more than {MOST_HOURS} hours, which is ten years.")
    return max(timedelta(hours=float(hours)), timedelta.resolution)


def checked_options(options: Mapping[str, Any] | None, *, has_time: bool) -> dict[str, str]:
    """Options for sbatch as text.

    Parameters
    ----------
    options : Mapping or None
        By long names; numbers become text.
    has_time : bool
        Whether the time limit is given apart from them.

    Raises
    ------
    ValueError, TypeError
        Some can't be handed to sbatch.

    Warns
    -----
    UserWarning
        Naming those that are left out, because they have a place of their own.
    """
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"sbatch_options={options!r} has to be a mapping of names to values.")
    instead = {**_WAYS_OUT, **(_HAS_TIME if has_time else {})}
    usable = without_reserved("sbatch_options", options or {}, instead)
    texts = {name: _as_text(value) for name, value in usable.items()}
    check_options(texts)
    return texts


def checked_removal(stdfiles_removal: str | bool) -> str:
    """When the files with the output are removed.

    Raises
    ------
    ValueError
        For anything but the four words and bools.
    """
    if isinstance(stdfiles_removal, bool):
        return "yes" if stdfiles_removal else "no"
    if stdfiles_removal not in _REMOVAL:
        known = ", ".join(map(repr, _REMOVAL))
        raise ValueError(f"stdfiles_removal={stdfiles_removal!r} is none of {known}.")
    return stdfiles_removal


def checked_stdin(stdin: str | PathLike[str] | None, workdir: Path) -> Path | None:
    """The file that a job reads, in its working folder if the path is relative.

    It need not exist yet, but its folder.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        There can't be such a file.
    """
    if stdin is None:
        return None
    if not isinstance(stdin, str | PathLike):
        raise TypeError(
            f"stdin={stdin!r} has to be the path of a file; 'communicate(input=…)' takes bytes."
        )
    path = workdir / stdin
    if path.exists() and not path.is_file():
        raise ValueError(f"stdin={os.fspath(stdin)!r} is not a file.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"stdin={os.fspath(stdin)!r}: the folder of {path} does not exist.")
    return path


def _as_text(value: Any) -> Any:
    return str(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)
