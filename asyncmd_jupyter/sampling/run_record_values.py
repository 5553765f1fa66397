"""What may stand in the record of a run: every value of it is checked before it is believed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.plan import check_walltime
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.names import check_name
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.stop import stop_rule

VERSION = 1

_MOST = 2**53  # which floats and the pages' numbers hold exactly
_LARGEST_PID = 2**31
_LONGEST_SHOWN = 60


def record_values(content: Any, folder: Path) -> dict[str, Any]:
    """The values of a `RunRecord`, name and folder aside.

    Parameters
    ----------
    content : object
        As it was read from JSON.
    folder : Path
        In which the record lies.

    Raises
    ------
    ValueError
        It is not a record of a run, or one of a later version; says what is wrong.
    """
    if not isinstance(content, dict):
        raise ValueError(f"it holds {_shown(content)} in place of a record of a run.")
    _check_version(content.get("version"))
    walkers: Mapping[str, _Take] = {"walkers": lambda value: _walkers(value, folder)}
    found = _taken(content, {**_RECORD, **walkers})
    n_walkers = len(found["walkers"])
    if found["n_walkers"] != n_walkers:
        raise ValueError(f"it tells of {n_walkers} of {found['n_walkers']} walkers.")
    if len(found["error_kinds"]) not in (0, n_walkers):
        raise ValueError("its 'error_kinds' are not one for each walker.")
    return found


def _check_version(version: Any) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"its 'version' is {_shown(version)}: it is not a record of a run.")
    if version > VERSION:
        raise ValueError(f"its version {version} is newer than this program.")


_Take = Callable[[Any], Any]


def _taken(content: Mapping[str, Any], takes: Mapping[str, _Take]) -> dict[str, Any]:
    if missing := [name for name in takes if name not in content]:
        raise ValueError(f"it has no {missing[0]!r}.")
    return {name: _one(name, content[name], take) for name, take in takes.items()}


def _one(name: str, value: Any, take: _Take) -> Any:
    try:
        return take(value)
    except _WrongError:
        raise
    except (ValueError, TypeError, OverflowError):
        raise _WrongError(f"its {name!r} is {_shown(value)}.") from None


class _WrongError(ValueError):
    """Says already which value is wrong."""


def _walkers(values: Any, folder: Path) -> tuple[WalkerSnapshot, ...]:
    found = tuple(_walker(each, folder) for each in _list(values))
    if [walker.index for walker in found] != list(range(len(found))):
        raise _WrongError("its walkers are not numbered from 0.")
    return found


def _walker(values: Any, folder: Path) -> WalkerSnapshot:
    if not isinstance(values, dict):
        raise _WrongError(f"one of its walkers is {_shown(values)}.")
    known = {name: take for name, take in _WALKER.items() if name in values or name in _NEEDED}
    found = _taken(values, known)
    structure = found["structure_file"]
    found |= {
        "trajectory_files": tuple(folder / path for path in found["trajectory_files"]),
        "structure_file": None if structure is None else folder / structure,
    }
    return WalkerSnapshot(**found)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode("utf-8", errors="surrogateescape")  # JSON has more than texts and paths hold
    return value


def _path(value: Any) -> str:
    if "\0" in _text(value) or not value:
        raise ValueError
    return _text(value)


def _list(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise TypeError
    return values


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(values)))


def _paths(values: Any) -> tuple[str, ...]:
    return tuple(map(_path, _list(values)))


def _reasons(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise TypeError
    return {_text(name): _text(why) for name, why in values.items()}


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    if not 0 <= value <= _MOST:
        raise ValueError
    return value


def _positive(value: Any) -> int:
    if not (count := _count(value)):
        raise ValueError
    return count


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError
    if not (math.isfinite(value) and abs(value) <= _MOST):
        raise ValueError
    return value


def _hours(value: Any) -> float:
    check_walltime(_number(value))
    return float(value)


def _optional(take: _Take) -> _Take:
    return lambda value: None if value is None else take(value)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:  # it could not be compared with others
        raise ValueError
    return moment.astimezone(UTC)


def _owner(value: Any) -> str:
    owner = Owner.parse(_text(value))
    if not 0 < owner.process.pid < _LARGEST_PID:
        raise ValueError
    return str(value)


def _campaign(value: Any) -> str:
    if value != "":
        check_name(value)
    return str(value)


def _mode(value: Any) -> str:
    stop_rule(_text(value))
    return str(value)


def _shown(value: Any) -> str:
    text = ascii(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


_RECORD: Mapping[str, _Take] = {
    "campaign": _campaign,
    "engine": _text,
    "engine_class": _text,
    "launcher": _text,
    "conditions": _texts,
    "mode": _mode,
    "n_walkers": _positive,
    "max_steps": _optional(_positive),
    "walltime_per_part": _hours,
    "dt": _number,
    "created": _moment,
    "updated": _moment,
    "owner": _owner,
    "notebook": _text,
    "wall_seconds": _number,
    "error_kinds": _texts,
    "unpicklable": _reasons,
}
_WALKER: Mapping[str, _Take] = {
    "index": _count,
    "state": lambda value: RunState(_text(value)),
    "steps_done": _count,
    "step_limit": _optional(_count),
    "time_done": _number,
    "ns_per_day": _optional(_number),
    "seconds_left": _optional(_number),
    "n_frames": _count,
    "part": _count,
    "job_id": _optional(_text),
    "reached": _texts,
    "reached_time": _optional(_number),
    "trajectory_files": _paths,
    "structure_file": _optional(_path),
    "error": _text,
    "time_limit": _optional(_number),
}
_NEEDED = ("index", "state", "reached", "trajectory_files", "structure_file")
