"""Engine, start and conditions of a run as a file, so that another kernel can go on with it."""

from __future__ import annotations

import linecache
import logging
import os
import pickle
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.errors import AsyncMDError, ForeignFileError
from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.files.writing import write_bytes
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling import carried_code
from asyncmd_jupyter.sampling.run_memory_seal import sealed, unsealed
from asyncmd_jupyter.sampling.run_record import RunRecord, pickle_file
from asyncmd_jupyter.sampling.run_spec import RunSpec

logger = logging.getLogger(__name__)

_PRIVATE = 0o600
_LONGEST_REASON = 300
_MOST_BYTES = 2**32


class RunMemoryError(AsyncMDError):
    """What was kept of a run can't be used; says how to go on by hand."""


def write_pickle(path: Path, content: bytes) -> None:
    """Write a pickle with a digest that says that this user wrote it, readable by nobody else.

    Raises
    ------
    OSError
        It is not written.
    """
    try:
        whole = sealed(content, path, runtime.current().settings.state_dir)
    except OSError as error:
        logger.warning(
            "The run in %s will not be known as yours, and bringing it back will need trust=True: "
            "%s",
            path.parent,
            error,
        )
        whole = content
    write_bytes(path, whole, mode=_PRIVATE)


def pickled_spec(spec: RunSpec) -> tuple[bytes | None, dict[str, str]]:
    """Pickle what can't be written as text.

    Functions of a notebook go with their code, and with the text of their cells, of which
    their ids are made.

    Returns
    -------
    bytes or None
        None if something can't be pickled.
    dict
        What that is -> why.
    """
    starts = [_absolute(start) for start in (spec.start, *spec.starts)]
    engine = _without_simulation(spec.engine)
    try:
        main = carried_code.dumps((engine, spec.until))
        begin = [(carried_code.dumps(start), _name_of(start)) for start in starts]
    except Exception:
        pieces: dict[str, Any] = {"the engine": engine, "the start": starts}
        pieces |= {f"the condition {each.name}": each for each in spec.until}
        whys = {name: why for name, piece in pieces.items() if (why := _complaint(piece))}
        return None, whys or {"engine and conditions together": _complaint((engine, spec.until))}
    payload = {
        "python": sys.version_info[:2],
        "main": main,
        "starts": begin,
        "velocities": spec.velocities,
    }
    return pickle.dumps(payload), {}


def load_spec(record: RunRecord, *, trust: bool = False) -> RunSpec:
    """Make a run's order of its record and its pickle; called in threads.

    Parameters
    ----------
    record : RunRecord
    trust : bool
        Whether a pickle is loaded that this user has not written here: that runs any code
        that is in it.

    Raises
    ------
    RunMemoryError
        It can't be made; says why, and how to go on by hand.
    """
    if record.unpicklable:
        whys = "; ".join(f"{what} ({why})" for what, why in record.unpicklable.items())
        raise _problem(record, f"{whys} could not be kept")
    if record.folder.name != record.name:
        raise _problem(record, f"its folder is called {record.folder.name!r} now, not as the run")
    path = pickle_file(record.folder, record.name)
    content = _content(record, path, trust=trust)
    payload = _payload(record, content)
    _believe_sources(payload.get("sources", {}))
    try:
        engine, until = carried_code.loads(payload["main"])
    except Exception as error:
        raise _problem(record, f"{path.name} can't be loaded: {_sentence(error)}") from error
    start, *starts = [_start(*each) for each in payload["starts"]]
    return RunSpec(
        engine=engine,
        start=start,
        until=until,
        name=record.name,
        workdir=record.folder.parent,
        n_walkers=record.n_walkers,
        mode=record.mode,
        max_steps=record.max_steps,
        walltime_per_part=record.walltime_per_part,
        campaign=record.campaign,
        starts=tuple(starts),
        velocities=payload.get("velocities", "keep"),
    )


def _content(record: RunRecord, path: Path, *, trust: bool) -> bytes:
    """The bytes of the pickle, of which loading runs code: only those of this user."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            if os.fstat(file.fileno()).st_size > _MOST_BYTES:  # be it of nothing, as archives do
                raise ForeignFileError(f"it has more than {_MOST_BYTES} bytes.")
            data = file.read()
        content, why_not = unsealed(data, path, runtime.current().settings.state_dir)
    except (OSError, ForeignFileError) as error:
        raise _problem(record, f"{path.name} can't be read: {_sentence(error)}") from error
    if why_not and not trust:
        raise _untrusted(record, path, why_not)
    if why_not:
        _take_in(path, content)
    return content


def _take_in(path: Path, content: bytes) -> None:
    """Let a pickle be this user's from now on: it was trusted by name."""
    try:
        write_pickle(path, content)
    except OSError as error:
        logger.warning("%s will ask again whether you trust its folder: %s", path, error)


def _untrusted(record: RunRecord, path: Path, why: str) -> RunMemoryError:
    states = Counter(walker.state.value for walker in record.walkers)
    told = ", ".join(f"{number} {state}" for state, number in states.items())
    folder = str(record.folder.parent)
    return RunMemoryError(
        f"The run {record.name!r} in {folder!r} was left alone: {path.name} runs code when it is "
        f"loaded, and {why}. Its record says: {record.engine}, walkers: {told}, last written "
        f"{record.updated:%Y-%m-%d %H:%M} UTC. If you trust whoever made {folder!r}, bring it "
        "back with %asyncmd attach --trust, or attach_runs(…, trust=True)."
    )


def _payload(record: RunRecord, content: bytes) -> Mapping[str, Any]:
    try:
        payload: dict[str, Any] = pickle.loads(content)  # noqa: S301 - the user's own, or trusted
        python = tuple(payload["python"])
    except Exception as error:
        raise _problem(record, f"its pickle is damaged: {_sentence(error)}") from error
    if python != sys.version_info[:2]:
        theirs, mine = (".".join(map(str, version)) for version in (python, sys.version_info[:2]))
        raise _problem(record, f"it was started by Python {theirs}, and this is Python {mine}")
    return payload


def _problem(record: RunRecord, reason: str) -> RunMemoryError:
    return RunMemoryError(
        f"The run {record.name!r} in {str(record.folder.parent)!r} can't be brought back by itself:"
        f" {reason}. Make its engine and conditions again and go on from its files: "
        f"start_run(…, name={record.name!r}, continuation=True), or "
        f"%asyncmd propagate … --name {record.name} --continue."
    )


def _complaint(value: Any) -> str:
    try:
        carried_code.dumps(value)
    except Exception as error:
        return _sentence(error)
    return ""


def _sentence(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def _without_simulation(engine: MDEngine) -> MDEngine:
    """A copy that has no job; as it is where the engine knows no such thing."""
    try:
        return engine.clone()
    except NotImplementedError:
        return engine


def _absolute(start: StartingConfiguration) -> StartingConfiguration:
    is_path = start is not None and not isinstance(start, Trajectory)
    return Path(start).absolute() if is_path else start  # type: ignore[arg-type]


def _name_of(start: StartingConfiguration) -> str:
    return str(start.paths[0] if isinstance(start, Trajectory) else start)


def _start(pickled: bytes, name: str) -> StartingConfiguration:
    """A start, or the name of a file that is gone: walkers on their way don't need it."""
    try:
        start: StartingConfiguration = carried_code.loads(pickled)
    except FileNotFoundError:
        return Path(name)
    return start


def _believe_sources(sources: Mapping[str, list[str]]) -> None:
    """Let the texts of cells be found: pickles of version 0.1 hold them beside the code."""
    for name, lines in sources.items():
        linecache.cache.setdefault(name, (sum(map(len, lines)), None, lines, name))
