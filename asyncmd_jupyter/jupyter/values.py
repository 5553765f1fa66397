"""What completes the values of options, by what the help calls them."""

from __future__ import annotations

import os
import sys
from argparse import Action
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jupyter.namespace import (
    Namespace,
    is_condition,
    is_engine,
    is_trajectory,
    names_of,
)
from asyncmd_jupyter.jupyter.parsers import OneOf

Source = Callable[[Namespace, str], Iterable[str]]
_MOST_FILES = 300
_SPECIAL = frozenset(" {}$\"'`\\;!?")
_MOST_JOBS = 500


def values_of(slot: Action, names: Namespace, given: Sequence[str], fragment: str) -> list[str]:
    """List the values of an argument, those aside that are given already.

    Parameters
    ----------
    slot : argparse.Action
    names : Mapping
        The user's namespace.
    given : sequence of str
        Values of it that are there.
    fragment : str
        How the value begins; where there would be many, only such ones are listed.
    """
    if isinstance(slot.type, OneOf):
        return list(slot.type.words)
    kinds = slot.metavar[0] if isinstance(slot.metavar, tuple) else slot.metavar or ""
    if kinds not in _SOURCES and "|" not in kinds:
        return []
    sources = [_SOURCES[kind] for kind in ([kinds] if kinds in _SOURCES else kinds.split("|"))]
    found = dict.fromkeys(value for source in sources for value in source(names, fragment))
    return [value for value in found if value not in given]


def _engines(names: Namespace, _fragment: str) -> list[str]:
    return names_of(is_engine, names)


def _conditions(names: Namespace, fragment: str) -> list[str]:
    label, equals, _ = fragment.partition("=")
    found = names_of(is_condition, names)
    return [f"{label}={name}" for name in found] if equals else found


def _trajectories(names: Namespace, _fragment: str) -> list[str]:
    return names_of(is_trajectory, names)


def _stored_runs(_names: Namespace, _fragment: str) -> list[str]:
    from asyncmd_jupyter.sampling.run_record import names_in

    return names_in()


def _starts(names: Namespace, fragment: str) -> list[str]:
    named = _trajectories(names, fragment)
    # Files only where one is being written: a folder full of parts helps nobody.
    return [*named, *_files(names, fragment)] if fragment else named


def _files(_names: Namespace, fragment: str) -> list[str]:
    folder, _, begin = fragment.rpartition("/")
    shown = f"{folder}/" if "/" in fragment else ""
    return [f"{shown}{name}" for name in _listed(folder, shown, begin)]


def _folders(_names: Namespace, fragment: str) -> list[str]:
    return [path for path in _files(_names, fragment) if path.endswith("/")]


def _listed(folder: str, shown: str, begin: str) -> Iterator[str]:
    where = Path(folder or (shown or ".")).expanduser()
    try:
        with os.scandir(where) as entries:
            for number, entry in enumerate(entries):
                if number > _MOST_FILES:
                    return
                hidden = entry.name.startswith(".") and not begin.startswith(".")
                if entry.name.startswith(begin) and not hidden and _is_one_word(entry.name):
                    yield f"{entry.name}/" if entry.is_dir() else entry.name
    except OSError:
        return


def _is_one_word(name: str) -> bool:
    """Whether a name stands for itself in the line of a magic, where IPython evaluates braces."""
    return name.isprintable() and not _SPECIAL & set(name)


def _runs(_names: Namespace, _fragment: str) -> list[str]:
    runs = _known_runs()
    return [*(run.id for run in runs), *_of_campaigns(runs)]


def _quantities(_names: Namespace, _fragment: str) -> list[str]:
    """What conditions of runs compare with limits, by the names that plots show."""
    runs = _known_runs()
    if not runs:
        return []
    from asyncmd_jupyter.sampling.edited import intervals

    conditions = (condition for run in runs for condition in run.spec.until)
    return list(dict.fromkeys(i.quantity_name for c in conditions for i in intervals(c)))


def _campaigns(_names: Namespace, _fragment: str) -> list[str]:
    return _of_campaigns(_known_runs())


def _of_campaigns(runs: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(run.spec.campaign for run in runs if run.spec.campaign))


def _known_runs() -> list[Any]:
    """Give the runs, without importing what no run can have been made with."""
    module = sys.modules.get("asyncmd_jupyter.sampling.runs")
    return list(module.Runs.current().all()) if module is not None else []


def _jobs(_names: Namespace, fragment: str) -> list[str]:
    module = sys.modules.get("asyncmd_jupyter.jobs.manager")
    if module is None:
        return []
    records = module.JobManager.current().records()
    going = (r.id for r in records if r.id.startswith(fragment) and not r.state.is_final)
    return list(islice(going, _MOST_JOBS))


def _sbatch(_names: Namespace, _fragment: str) -> list[str]:
    from asyncmd_jupyter.jobs.slurm.option_names import WITH_VALUE, WITHOUT_VALUE

    return sorted([*(f"{name}=" for name in WITH_VALUE), *WITHOUT_VALUE])


def _settings(_names: Namespace, _fragment: str) -> list[str]:
    from asyncmd_jupyter.jupyter.named_settings import NAMES

    return [f"{name}=" for name in NAMES]


def _commands(_names: Namespace, _fragment: str) -> list[str]:
    from asyncmd_jupyter.jupyter.registry import commands

    return [command.name for command in commands()]


_SOURCES: Mapping[str, Source] = {
    "ENGINE": _engines,
    "CONDITION": _conditions,
    "TRAJECTORY": _starts,
    "START": _starts,
    "FILE": _files,
    "DIR": _folders,
    "RUN": _runs,
    "STORED": _stored_runs,
    "CAMPAIGN": _campaigns,
    "X": _quantities,
    "JOB": _jobs,
    "OPTION=VALUE": _sbatch,
    "SETTING=VALUE": _settings,
    "COMMAND": _commands,
}
