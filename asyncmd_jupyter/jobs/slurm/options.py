"""The options of sbatch that users may choose, and those that are ours."""

from __future__ import annotations

import inspect
import re
import shlex
import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jobs.model import Resources, ScriptTemplate
from asyncmd_jupyter.jobs.slurm.option_names import WITHOUT_VALUE, needs_value
from asyncmd_jupyter.jobs.template import directives

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
    "array": "equal jobs become one array by themselves",
    "wait": "jobs are waited for without it",
    "test-only": "nothing would be submitted",
    "help": "nothing would be submitted",
    "usage": "nothing would be submitted",
    "version": "nothing would be submitted",
}

# Without these something else would run, or elsewhere, than whoever chose them expects.
_NEVER_LEFT_OUT = ("array", "wrap", "clusters", "test-only", "help", "usage", "version")

# Begins a further part of a job with resources of its own.
_PARTS = ("hetjob", "packjob")

# What a line of a script may not say, because arguments of sbatch don't outdo it.
_NOT_IN_SCRIPTS = ("array", "wait", "clusters", "test-only", "wrap")
_SHORT_NAMES = {
    "c": "cpus-per-task",
    "t": "time",
    "a": "array",
    "W": "wait",
    "M": "clusters",
    "n": "ntasks",
    "N": "nodes",
}
# Given already, so that it does not matter when an option takes it for its value.
_NOTHING_NEW = "--open-mode=append"

# Slurm counts minutes with 32 bits and has words of its own for the highest numbers.
MOST_HOURS = 87_600

_LONGEST_NOTICE_SHARE = 6
_SHORTEST_NOTICE = 5

_NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z0-9_]+)*")
_SHORTEST = 2
_PACKAGE = str(Path(__file__).parents[2])


def checked_options(name: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Options of a user as sbatch takes them; numbers become text.

    Raises
    ------
    TypeError, ValueError
        Naming what can't be handed to sbatch.
    """
    if not isinstance(options, Mapping):
        raise TypeError(f"{name}={options!r} has to be a mapping of options to their values.")
    texts = {
        option: str(value) if _is_number(value) else value for option, value in options.items()
    }
    check_options(texts)
    return texts


def usable_options(name: str, options: Mapping[str, Any] | None) -> dict[str, str]:
    """Do as `checked_options`, without the reserved ones that can be left out.

    Warns
    -----
    UserWarning
        Naming what was left out, and what to do instead.
    """
    if isinstance(options, Mapping):
        options = without_reserved(name, options)
    return checked_options(name, {} if options is None else options)


def without_reserved(
    name: str, options: Mapping[str, Any], instead: Mapping[str, str] = RESERVED
) -> dict[str, Any]:
    """Leave out, with a warning, the options that the package chooses itself.

    Parameters
    ----------
    name : str
        Of the argument.
    options : Mapping
    instead : Mapping
        Long names of such options to what to do instead. Beginnings of the names are
        left out as well.

    Warns
    -----
    UserWarning
    """
    reserved = {option: _reserved(option, instead) for option in options}
    told = [f"{option!r} ({instead[there]})" for option, there in reserved.items() if there]
    if told:
        warnings.warn(f"{name}: left out {', '.join(told)}.", stacklevel=_level_of_user())
    return {option: value for option, value in options.items() if not reserved[option]}


def _level_of_user() -> int:
    """How far up the line is that made an engine or set its options."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level


def _reserved(option: Any, known: Mapping[str, str]) -> str:
    if not isinstance(option, str) or len(option) < _SHORTEST:
        return ""  # what is wrong with it is told elsewhere
    found = next((name for name in known if name.startswith(option)), "")
    return "" if found in _NEVER_LEFT_OUT else found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
        if not value and needs_value(name):
            raise ValueError(f"The sbatch option {name!r} needs a value, and it is empty.")


def option_arguments(options: Mapping[str, str]) -> list[str]:
    """Arguments for sbatch; an empty value means an option without value."""
    return [word for name, value in options.items() for word in _words(name, value)]


def _words(name: str, value: str) -> Sequence[str]:
    if value:
        return [f"--{name}={value}"]
    # Whether an option of a plugin takes a value nobody knows here; nothing but this is lost.
    return [f"--{name}"] if name in WITHOUT_VALUE else [f"--{name}", _NOTHING_NEW]


def options_in(template: ScriptTemplate | None) -> dict[str, str]:
    """What the ``#SBATCH`` lines of a script say, by the long names of options."""
    found: dict[str, str] = {}
    for line in [] if template is None else directives(template):
        found |= _options_of_line(line)
    return found


def check_directives(template: ScriptTemplate | None) -> None:
    """Raise ValueError for ``#SBATCH`` lines that make something else than one job."""
    for line in [] if template is None else directives(template):
        if line.removeprefix("#SBATCH").strip().partition(" ")[0] in _PARTS:
            raise ValueError(
                f"{line!r} can't be in the script: a job has one set of resources; take a script"
                " for each."
            )
    for name in options_in(template):
        if name in _NOT_IN_SCRIPTS:
            raise ValueError(f"'#SBATCH --{name}' can't be in the script: {RESERVED[name]}.")


def cores_of(resources: Resources, template: ScriptTemplate | None = None) -> int:
    """Cores per task that Slurm is asked for."""
    options = {**options_in(template), **resources.options}
    chosen = options.get("cpus-per-task", "")
    return int(chosen) if chosen.isdecimal() else resources.cores


def notice_seconds(resources: Resources) -> int | None:
    """How long before its limit a job shall be asked to stop; not long before for short ones."""
    if resources.notice is None:
        return None
    notice = resources.notice
    if resources.time_limit is not None:
        notice = min(notice, resources.time_limit / _LONGEST_NOTICE_SHARE)
    return max(_SHORTEST_NOTICE, round(notice.total_seconds()))


def minutes(limit: timedelta) -> int:
    """A time limit in whole minutes, rounded up, because 0 would mean none."""
    return max(1, ceil(limit / timedelta(minutes=1)))


def _options_of_line(line: str) -> dict[str, str]:
    try:
        words = shlex.split(line.removeprefix("#SBATCH"), comments=True)
    except ValueError:  # sbatch will say what it thinks of it
        return {}
    return dict(
        _option(word, words[number + 1 :])
        for number, word in enumerate(words)
        if word.startswith("-")
    )


def _option(word: str, following: Sequence[str]) -> tuple[str, str]:
    value = following[0] if following and not following[0].startswith("-") else ""
    if word.startswith("--"):
        name, equals, attached = word[2:].partition("=")
        return name, attached if equals else value
    letter, attached = word[1:2], word[2:].removeprefix("=")
    return _SHORT_NAMES.get(letter, letter), attached or value


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) < _SHORTEST:
        raise ValueError(
            f"The sbatch option {name!r} has to be a long name without dashes in front, such as"
            " 'partition' or 'cpus-per-task'."
        )
    for reserved, instead in RESERVED.items():
        if reserved.startswith(name):
            raise ValueError(f"The sbatch option {name!r} can't be chosen: {instead}.")


def seconds_of_limit(text: str) -> int | None:
    """The sbatch option ``time`` in seconds; None for what is no time, such as ``UNLIMITED``.

    Minutes, ``minutes:seconds``, ``hours:minutes:seconds``, ``days-hours`` and so on.
    """
    days, dash, rest = text.strip().rpartition("-")
    words = rest.split(":")
    if not all(word.isdecimal() for word in (*words, *([days] if dash else ()))):
        return None
    numbers = [int(word) for word in words]
    if dash:
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    elif len(numbers) < 3:
        hours, (minutes, seconds) = 0, (*numbers, 0)[:2]
    else:
        hours, minutes, seconds = numbers[:3]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
