"""Turn what a user says about Slurm into settings, or say what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.jobs.slurm.nodes import expand_nodes
from asyncmd_jupyter.settings import SlurmSettings

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PAUSE = "min_time_between_sacct_calls"


def changed_slurm_settings(settings: SlurmSettings, given: Mapping[str, Any]) -> SlurmSettings:
    """The settings with what is given in place of what they have.

    Raises
    ------
    ValueError
        For a value that can't be meant.
    """
    values = {name: _check_of(name)(name, value) for name, value in given.items()}
    if _PAUSE in values:
        values["min_time_between_calls"] = values.pop(_PAUSE)
    return replace(settings, **values)


def granted_core_hours(value: Any) -> float | None:
    """The core hours that a user allows; None for any number.

    Raises
    ------
    ValueError
        For a value that can't be meant.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not value > 0:
        raise ValueError(
            f"core_hours={value!r} has to be a number above 0, float('inf') for no limit."
        )
    return None if math.isinf(value) else float(value)


def _check_of(name: str) -> Callable[[str, Any], Any]:
    if name == "exclude_nodes":
        return _nodes
    if name == _PAUSE:
        return _seconds
    if name == "job_arrays":
        return _flag
    if name == "max_submissions_per_minute":
        return _count_or_none
    if name == "cluster":
        return _cluster
    return _text if name.endswith("_executable") else _count


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or not value:
        raise ValueError(f"{name}={value!r} has to be the name of a program or its path.")
    return value


def _cluster(name: str, value: Any) -> str:
    if not isinstance(value, str) or not (_NAME.fullmatch(value) or not value):
        raise ValueError(
            f"{name}={value!r} has to be the name of one cluster, or empty for the default one."
        )
    return value


def _seconds(name: str, value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name}={value!r} has to be a number of seconds above 0.")
    return float(value)


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}={value!r} has to be a whole number of at least 1.")
    return value


def _count_or_none(name: str, value: Any) -> int | None:
    return None if value is None or value == math.inf else _count(name, value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}={value!r} has to be True or False.")
    return value


def _nodes(name: str, value: Any) -> tuple[str, ...]:
    problem = ValueError(f"{name}={value!r} has to be a list of names of nodes.")
    if not isinstance(value, Iterable):
        raise problem
    items = ([value] if value else []) if isinstance(value, str) else list(value)
    if not all(isinstance(item, str) for item in items):
        raise problem
    lists = [expand_nodes(item) for item in items]
    if not all(lists) or not all(_NAME.fullmatch(node) for nodes in lists for node in nodes):
        raise problem
    return tuple(node for nodes in lists for node in nodes)
