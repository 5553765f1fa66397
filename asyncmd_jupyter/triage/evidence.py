"""What a job and an error have left: its files, and what the queue says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from asyncmd_jupyter.engines.command import FILES_TAG
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm.commands import OUTPUT_NAME
from asyncmd_jupyter.triage.pattern import Case, Source
from asyncmd_jupyter.triage.raised import told_place
from asyncmd_jupyter.triage.reading import plain, read_ends

_PROGRAMS = {"Gmx": "gromacs", "OpenMM": "openmm"}
_IN_PARENTHESES = re.compile(r"\(([^()]+)\)\.?$")
_FOLDER = re.compile(r"all of its output: (.+)$", re.MULTILINE | re.IGNORECASE)
# What we put around the words of a program; it decides nothing.
_FRAME = re.compile(
    r"^(?:(?:Its last words|stdout|stderr):|(?:Folder: .*; )?all of its output: .*)$",
    re.MULTILINE | re.IGNORECASE,
)
_LOG_NAMES = {"-g": "{}", "-deffnm": "{}.log"}
_TOLERANCE = timedelta(minutes=1)  # clocks of machines and file servers differ


def case_of_job(record: JobRecord, error: BaseException | None = None) -> Case:
    """Read the files of a job."""
    said = [] if error is None else [_said(message_of(error))]
    return Case(
        words=_words(record),
        sources=(*_sources(_files(record)), *said),
        program=_program(record),
        record=record,
        error=error,
    )


def case_of_waiting(record: JobRecord) -> Case:
    """A job that has not ended: what the queue says, and no file."""
    return Case(words=_words(record), program=_program(record), record=record)


def case_of_error(error: BaseException) -> Case:
    """Read what an error says, and the output of the job that it names."""
    message = message_of(error)
    folder = _FOLDER.search(message)
    files = [] if folder is None else _outputs(Path(folder[1].strip()))
    # The message is what the user has seen, so it comes first.
    place = "" if isinstance(error, AsyncMDError) else plain(told_place(error))
    last = [Source(place)] if place else []
    return Case(sources=(_said(message), *_sources(files), *last), error=error)


def case_of_reason(text: str) -> Case:
    """What a queue says, alone."""
    return Case(words=tuple(_readings(text)))


def message_of(error: BaseException) -> str:
    """All messages of an error and of what has led to it, the last one first."""
    said, seen = [], set[int]()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        said.append(f"{type(now).__name__}: {now}")
        said += getattr(now, "__notes__", ())
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return plain("\n\n".join(said))


def _said(message: str) -> Source:
    return Source(_FRAME.sub("", message).strip("\n"))


def _words(record: JobRecord) -> tuple[str, ...]:
    return tuple(word for word in (record.cause, *_readings(record.reason)) if word)


def _readings(text: str) -> Iterator[str]:
    """A reason as it stands, without its parentheses, and what stands in some at its end."""
    bare = text.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1]
    if bare:
        yield bare
    if inner := _IN_PARENTHESES.search(bare):
        yield inner[1]
    if (start := "lets it wait: ") in bare:
        yield bare.partition(start)[2]


def _program(record: JobRecord) -> str:
    engine = record.tags.get("engine", "")
    named = (program for part, program in _PROGRAMS.items() if part in engine)
    return next(named, "")


def _files(record: JobRecord) -> Iterator[Path]:
    yield from _outputs(record.folder)
    for log in _logs(record):
        if _is_of_its_time(log, record):
            yield log


def _outputs(folder: Path) -> list[Path]:
    return [folder / name for name in ("stderr.txt", "stdout.txt", OUTPUT_NAME)]


def _logs(record: JobRecord) -> Iterator[Path]:
    """Where GROMACS writes its log."""
    files, part = record.tags.get(FILES_TAG, ""), record.tags.get("part", "")
    if files and part.isdecimal():
        yield EngineFiles(Path(files).parent, Path(files).name).part(int(part), "log")
        return
    argv = record.command.argv
    if any("mdrun" in word for word in argv):
        given = [
            _LOG_NAMES[option].format(value)
            for option, value in pairwise(argv)
            if option in _LOG_NAMES
        ]
        yield from (record.command.cwd / name for name in given or ["md.log"])


def _is_of_its_time(file: Path, record: JobRecord) -> bool:
    """Not written by a job before or after this one, such as the same part done again."""
    try:
        written = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
    except OSError:
        return False
    begun, ended = record.submitted, record.ended
    is_old = begun is not None and written < begun.astimezone() - _TOLERANCE
    is_new = ended is not None and written > ended.astimezone() + _TOLERANCE
    return not is_old and not is_new


def _sources(files: Iterator[Path] | list[Path]) -> Iterator[Source]:
    for path in files:
        if (text := read_ends(path)).strip():
            yield Source(text, path)
