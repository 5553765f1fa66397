"""The records of runs beside their files, read as plain JSON and only when they have changed."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import read_object
from asyncmd_jupyter.jobs.heartbeat import may_live
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.wishes import HOLD, RELEASE
from asyncmd_jupyter.jupyter.server.places import Places
from asyncmd_jupyter.names import escaped, is_name

_ENDING = ".run.json"
_MOST_BYTES = 2**25
_WHOLE = frozenset({"reached", "done", "limit"})
FINAL = _WHOLE | {"cancelled", "failed"}
_LOOKS_BETWEENFINAL = 8
_MOST_FAILURES = 3
_MOST_TOLD = 500
_MOST_LETTERS = 300
_MOST_CONDITIONS = 100
_MOST_PROBLEMS = 3
_LARGEST_NUMBER = 1e15

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known of one run.

    Attributes
    ----------
    text : str
        All that the page is told, as JSON.
    engine, campaign, notebook : str
        What its jobs are told as well.
    is_followed : bool
        Whether its kernel lives.
    owner : str
        That kernel.
    can : tuple of str
        What can be done with the run as a whole.
    open_walkers : frozenset of str
        Indices of those that have not ended.
    """

    text: str
    engine: str = ""
    campaign: str = ""
    notebook: str = ""
    is_followed: bool = False
    open_walkers: frozenset[str] = frozenset()
    owner: str = ""
    can: tuple[str, ...] = ()


@dataclass(slots=True)
class _Kept:
    signature: Signature
    owner: str
    is_final: bool
    is_followed: bool
    info: RunInfo | None
    looks_left: int = 0
    problem: str = ""


class RunRecords:
    """Looks at the records that the jobs of the store lead to, in a thread.

    Parameters
    ----------
    places : Places
        Tells what is below the server's root.
    state_folder : Path
        Of the store, beside which kernels give signs of life.
    """

    def __init__(self, places: Places, state_folder: Path) -> None:
        self._places = places
        self._state_folder = state_folder
        self._kept: dict[str, _Kept] = {}
        self.runs: dict[str, RunInfo] = {}
        self.problems: tuple[str, ...] = ()

    def _lives(self, owner: str) -> bool:
        try:
            return may_live(Owner.parse(owner), self._state_folder)
        except ValueError:
            return False

    def read(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Bring `runs` and `problems` up to date.

        Parameters
        ----------
        wanted : iterable of (str, str)
            Work folders of jobs, and the names of the runs that they belong to.
        """
        keys = dict.fromkeys(run_key(folder, name) for folder, name in wanted)
        self._kept = {key: kept for key in keys if (kept := self._look(key)) is not None}
        self.runs = {key: kept.info for key, kept in self._kept.items() if kept.info is not None}
        self.problems = _told([kept.problem for kept in self._kept.values() if kept.problem])

    def _look(self, key: str) -> _Kept | None:
        known = self._kept.get(key)
        if known is not None and known.looks_left > 0:
            known.looks_left -= 1
            return known
        signature = _signature(key + _ENDING)
        if signature is None:
            return None
        if known is not None and known.signature == signature:
            return self._same(key, known)
        return self._reading(key, signature)

    def _same(self, key: str, known: _Kept) -> _Kept:
        """Nobody has written, but its kernel may have ended."""
        if known.is_followed != (self._lives(known.owner) and not known.is_final):
            return self._reading(key, known.signature)
        known.looks_left = _LOOKS_BETWEENFINAL if known.is_final else 0
        return known

    def _reading(self, key: str, signature: Signature) -> _Kept:
        try:
            values = _content(key)
            owner, is_final = str(values["owner"]), values["state"] in FINAL
            is_followed = self._lives(owner) and not is_final
            info = self._info(key, values, is_followed)
        except (*_WRONG, OSError) as error:
            return _Kept(signature, "", True, False, None, problem=_problem(key, error))
        return _Kept(signature, owner, is_final, is_followed, info)

    def _info(self, key: str, values: Mapping[str, Any], is_followed: bool) -> RunInfo:
        folder = os.path.dirname(key)  # noqa: PTH120
        can = _possible(values) if is_followed else ()
        row = _plain_facts(values) | {
            "can": can,
            "key": key,
            "name": os.path.basename(key),  # noqa: PTH119
            "folder": self._places.below_root(folder),
            "path": folder,
            "notebook": self._places.notebook(_text(values.get("notebook"))),
            "followed": is_followed,
        }
        own = row["engine"], row["campaign"], row["notebook"]
        owner = str(values["owner"])
        return RunInfo(json.dumps(row), *own, is_followed, _open_walkers(values), owner, can)


def run_key(folder: str, name: str) -> str:
    """Names a run; with an ending it is the path of its record."""
    return os.path.join(folder, os.path.basename(name))  # noqa: PTH118, PTH119


_WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError)  # of shapes and numbers


def _plain_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    walkers = [walker for walker in values["walkers"] if isinstance(walker, dict)]
    reached = Counter(_text(name) for walker in walkers for name in walker.get("reached", ()))
    return {
        **{name: _text(values.get(name)) for name in ("state", "engine", "launcher")},
        "campaign": _name(values.get("campaign")),
        "conditions": [_text(name) for name in values["conditions"][:_MOST_CONDITIONS]],
        "walkers": len(walkers),
        "states": dict(Counter(_text(walker.get("state")) for walker in walkers)),
        "ended": sum(walker.get("state") in FINAL for walker in walkers),
        "reached": dict(reached.most_common(_MOST_CONDITIONS)),
        "failures": _failures(walkers),
        **_progress(walkers),
        "created": _moment(values.get("created")),
        "updated": _moment(values.get("updated")),
    }


def _possible(values: Mapping[str, Any]) -> tuple[str, ...]:
    """What a kernel can do with its run. In Slurm jobs are held, one by one."""
    if values["state"] in FINAL or values.get("launcher") == "slurm":
        return ()
    return (RELEASE,) if values["state"] == "held" else (HOLD,)


def _open_walkers(values: Mapping[str, Any]) -> frozenset[str]:
    walkers = [walker for walker in values["walkers"] if isinstance(walker, dict)]
    going = (walker for walker in walkers if walker.get("state") not in FINAL)
    return frozenset(str(walker.get("index")) for walker in going)


def _progress(walkers: list[dict[str, Any]]) -> dict[str, float | None]:
    """How far the walkers are, together: simulated ps, part of their limits, ns/day."""
    done = [_number(walker.get("time_done")) or 0.0 for walker in walkers]
    limits = [_number(walker.get("time_limit")) for walker in walkers]
    parts = [
        1.0 if walker.get("state") in _WHOLE else max(0.0, min(1.0, time / limit))
        for walker, time, limit in zip(walkers, done, limits, strict=True)
        if limit
    ]
    running = [walker for walker in walkers if walker.get("state") == "running"]
    speeds = [speed for walker in running if (speed := _number(walker.get("ns_per_day")))]
    return {
        "simulated": sum(done),
        "progress": sum(parts) / len(parts) if parts and all(limits) else None,
        "speed": sum(speeds) or None,
        "speeds": len(speeds),
    }


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and abs(value) < _LARGEST_NUMBER  # and so no NaN
    return float(value) if is_number else None  # type: ignore[arg-type] # as it is one


def _failures(walkers: list[dict[str, Any]]) -> list[str]:
    """What ended walkers with an error, each once, and not too much of it."""
    said = dict.fromkeys(_text(walker.get("error"), _MOST_TOLD) for walker in walkers)
    return [error for error in said if error][:_MOST_FAILURES]


def _content(key: str) -> dict[str, Any]:
    if not is_name(os.path.basename(key)):  # noqa: PTH119
        raise ValueError("no run can be called so")
    return read_object(key + _ENDING, limit=_MOST_BYTES)


def _problem(key: str, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if not isinstance(error, OSError | ForeignFileError):
        why = f"it is damaged ({type(error).__name__}: {error})"
    return escaped(f"The record {key + _ENDING!r} can't be used: {why}.")[:_MOST_TOLD]


def _told(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - _MOST_PROBLEMS
    rest = (f"The same is true of {more} more records.",) if more > 0 else ()
    return (*problems[:_MOST_PROBLEMS], *rest)


def _signature(path: str) -> Signature | None:
    with suppress(OSError, ValueError):
        found = os.stat(path)  # noqa: PTH116
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _text(value: object, most: int = _MOST_LETTERS) -> str:
    return value[:most] if isinstance(value, str) else ""


def _name(value: object) -> str:
    return str(value) if is_name(value) else ""


def _moment(value: object) -> str:
    """A time as pages can read it; empty for anything else."""
    try:
        return datetime.fromisoformat(_text(value)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""
