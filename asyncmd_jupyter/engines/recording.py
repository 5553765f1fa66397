"""The records beside what an engine writes: where it comes from. See `frames.provenance`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.engines.facts import EngineFacts, ProgramFacts
from asyncmd_jupyter.engines.plan import PartPlan
from asyncmd_jupyter.frames.provenance_file import Mark, read_record
from asyncmd_jupyter.frames.provenance_parameters import difference
from asyncmd_jupyter.frames.provenance_parents import (
    Parent,
    as_parent,
    marked,
    record_of_parent,
)
from asyncmd_jupyter.frames.provenance_writing import Recorder, forget
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import index_frames
from asyncmd_jupyter.jobs.model import JobRecord

_OWN_TAGS = ("engine", "files", "part", "first_step", "last_step")
_PREPARED = ("parents", "parameters", "inputs", "velocities")
Record = dict[str, Any]


@dataclass(frozen=True)
class PartFacts:
    """A part of a simulation, for its record.

    Attributes
    ----------
    file : Path
        Its trajectory.
    deffnm : str
    plan : PartPlan
    facts : EngineFacts
    job : JobRecord
    prepared : Path
        What `record_preparation` was given.
    previous : Path or None
        The part before it.
    """

    file: Path
    deffnm: str
    plan: PartPlan
    facts: EngineFacts
    job: JobRecord
    prepared: Path
    previous: Path | None


def record_preparation(
    file: Path,
    deffnm: str,
    facts: EngineFacts,
    start: StartingConfiguration,
    velocities: Mapping[str, Any],
) -> None:
    """Record what a simulation begins with, beside the file that its program reads."""
    made = {"by": "preparation", "deffnm": deffnm}
    _record_start(file, made, facts, start, ProgramFacts(), velocities)


def record_configuration(
    file: Path, action: str, facts: EngineFacts, start: StartingConfiguration, told: ProgramFacts
) -> None:
    """Record that a configuration was made without MD."""
    _record_start(file, {"by": action}, facts, start, told)


def record_begun(part: PartFacts) -> None:
    """Record a part that is being computed; its trajectory need not exist."""
    Recorder.current().carefully(part.file, lambda: _begun(part))


def record_ended(part: PartFacts, trajectory: Trajectory, told: ProgramFacts) -> None:
    """Record a part that nobody writes any more."""

    def content() -> Record:
        known = _known(part.file)
        if known is None or known.get("job", {}).get("id") != part.job.id:
            known = _begun(part)
        return {
            **known,
            "content": Mark.of(part.file).to_json(),
            "frames": _span(trajectory),
            "job": _job(part.job),
            **_told(known, told),
        }

    Recorder.current().carefully(part.file, content)


def settle(file: Path, told: Callable[[], ProgramFacts]) -> None:
    """Complete the record of a part whose end no kernel has seen."""
    known = _known(file)
    if known is None or known.get("content") is not None:
        return
    if not _size(file):
        forget(file)
        return

    def content() -> Record:
        mark = Mark.of(file).to_json()
        return {**known, "content": mark, "frames": _span_of(file), **_told(known, told())}

    Recorder.current().carefully(file, content)


def forget_if_empty(file: Path) -> None:
    """Remove the record of a part that has left no frame."""
    if not _size(file):
        forget(file)


@contextmanager
def cut_is_known(files: Iterable[Path]) -> Iterator[None]:
    """Let the records of files still be believed after the engine has cut frames off."""
    sizes = {file: _size(file) for file in files}
    yield
    for file, size in sizes.items():
        if _size(file) != size:
            _remark(file, size)


def _remark(file: Path, size: int) -> None:
    known = _known(file)
    mark = None if known is None else Mark.from_json(known.get("content"))
    if known is None or (mark is not None and mark.size != size):
        return
    if not _size(file):
        forget(file)
        return

    def content() -> Record:
        return {**known, "content": Mark.of(file).to_json(), "frames": _span_of(file)}

    Recorder.current().carefully(file, content)


def _record_start(
    file: Path,
    made: Mapping[str, Any],
    facts: EngineFacts,
    start: StartingConfiguration,
    told: ProgramFacts,
    velocities: Mapping[str, Any] | None = None,
) -> None:
    def content() -> Record:
        parent, theirs = _start(start, facts, file.parent)
        found = Path(parent.absolute).parent if parent else file.parent
        record = {
            **recorder.new(file, made, [parent] if parent else []),
            "content": Mark.of(file).to_json(),
            "parameters": difference(facts.kind, facts.parameters, theirs, found),
            "inputs": {name: _input(path, file.parent) for name, path in facts.inputs.items()},
            **_of_engine(facts),
            **({"velocities": dict(velocities)} if velocities else {}),
        }
        return {**record, **_told(record, told)}

    recorder = Recorder.current()
    recorder.carefully(file, content)


def _start(
    start: StartingConfiguration, facts: EngineFacts, folder: Path
) -> tuple[Parent | None, Record | None]:
    span: dict[str, Any] = {}
    if isinstance(start, Trajectory):
        path = start.paths[0]
        span = {"step": start.first_step, "time": start.first_time}
        span |= {f"last_{name}": value for name, value in span.items()}
    elif start is not None:
        path = Path(start)
    elif facts.own_start is not None:
        path = facts.own_start
    else:
        return None, None
    record = record_of_parent(path)
    return as_parent(path, folder, record, **span), record


def _begun(part: PartFacts) -> Record:
    plan, facts, folder = part.plan, part.facts, part.file.parent
    made = {
        "by": "part",
        "deffnm": part.deffnm,
        "part": plan.number,
        "first_step": plan.first_step,
        "last_step": plan.last_step,
    }
    record = Recorder.current().new(part.file, made, ())
    record |= {**_of_engine(facts), "job": _job(part.job)}
    before = part.previous or part.prepared
    theirs = record_of_parent(before)
    if part.previous is None and theirs is not None:
        return record | {name: theirs[name] for name in _PREPARED if name in theirs}
    if part.previous is not None:
        record["parents"] = [_last_frame(before, folder, theirs, plan.first_step).to_json()]
    told = difference(facts.kind, facts.parameters, theirs, before.parent)
    return record | {"parameters": told}


def _last_frame(file: Path, folder: Path, record: Record | None, step: int) -> Parent:
    span = record["frames"] if record else {}
    last = None if not span.get("count") else int(span["count"]) - 1
    time = span.get("last_time")
    return as_parent(
        file,
        folder,
        record,
        frame=last,
        last_frame=last,
        step=step,
        last_step=step,
        time=time,
        last_time=time,
    )


def _of_engine(facts: EngineFacts) -> Record:
    tags = {name: value for name, value in facts.tags.items() if name not in _OWN_TAGS}
    engine = {"class": facts.engine, "program": facts.program}
    return {"engine": engine, "seeds": dict(facts.seeds), "tags": tags}


def _told(record: Mapping[str, Any], told: ProgramFacts) -> Record:
    details = {"version": told.version, "platform": told.platform}
    known = {name: value for name, value in details.items() if value}
    return {
        "engine": record.get("engine", {}) | known,
        "seeds": record.get("seeds", {}) | dict(told.seeds),
    }


def _job(job: JobRecord) -> Record:
    span = {"submitted": job.submitted, "started": job.started, "ended": job.ended}
    return {
        "id": job.id,
        "launcher": job.launcher,
        "native_id": job.native_id,
        "attempt": job.attempt,
        "state": job.state.value,
        "nodes": list(job.nodes),
        **{name: at.isoformat(timespec="milliseconds") for name, at in span.items() if at},
    }


def _span(trajectory: Trajectory) -> Record:
    return {
        "count": len(trajectory),
        "first_step": trajectory.first_step,
        "last_step": trajectory.last_step,
        "first_time": trajectory.first_time,
        "last_time": trajectory.last_time,
    }


def _span_of(file: Path) -> Record:
    index = index_frames(file)
    if not len(index):
        return {}
    return {
        "count": len(index),
        "first_step": int(index.steps[0]),
        "last_step": int(index.steps[-1]),
        "first_time": float(index.times[0]),
        "last_time": float(index.times[-1]),
    }


def _input(file: Path, folder: Path) -> Record:
    mark = marked(file, None)
    return {"file": os.path.relpath(file, folder), **(mark.to_json() if mark else {})}


def _known(file: Path) -> Record | None:
    try:
        return read_record(file)
    except (OSError, ValueError):
        return None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
