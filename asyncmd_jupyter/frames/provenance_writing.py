"""Write down where a trajectory comes from, without ever getting in the way of what made it."""

from __future__ import annotations

import getpass
import logging
import platform
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.provenance_file import (
    Mark,
    read_record,
    record_path,
    write_record,
)
from asyncmd_jupyter.frames.provenance_parameters import inherited
from asyncmd_jupyter.frames.provenance_parents import (
    Parent,
    as_parent,
    record_of_parent,
)

logger = logging.getLogger(__name__)

_LIBRARIES = ("numpy", "MDAnalysis", "openmm")


class Recorder:
    """Writes the records of one runtime, or none where they are switched off."""

    def __init__(self, runtime: runtimes.Runtime) -> None:
        self._runtime = runtime
        self._facts: dict[str, Any] | None = None

    @classmethod
    def create(cls, runtime: runtimes.Runtime) -> Recorder:
        """Make the service of a runtime."""
        return cls(runtime)

    @classmethod
    def current(cls) -> Recorder:
        """The one of the current runtime."""
        return runtimes.current().service(cls.create)

    @property
    def is_on(self) -> bool:
        """Whether records are written."""
        return self._runtime.settings.provenance

    def carefully(self, file: Path, record: Callable[[], Mapping[str, Any] | None]) -> None:
        """Write what `record` gives beside `file`; whatever goes wrong is only logged.

        An earlier record, which is about another content, goes where none can be written.
        """
        try:
            content = record() if self.is_on else None
            if content is not None:
                write_record(file, content)
                return
        except Exception as error:
            logger.warning("The provenance of %s could not be recorded: %s", file, error)
        forget(file)

    def facts(self) -> dict[str, Any]:
        """Who writes, where, with what: the same for all records of this process."""
        if self._facts is None:
            self._facts = {"user": _user(), "host": socket.gethostname(), "software": _software()}
        return self._facts

    def new(self, file: Path, made: Mapping[str, Any], parents: Sequence[Parent]) -> dict[str, Any]:
        """Begin the record of a file."""
        return {
            "file": file.name,
            "id": secrets.token_hex(8),
            "made": dict(made),
            "parents": [parent.to_json() for parent in parents],
            "written": now(),
            **self.facts(),
        }


def record_copy(file: Path, source: Path, made: Mapping[str, Any]) -> None:
    """Record that a file was made of what is good in another one."""

    def content() -> dict[str, Any]:
        target = file.absolute()
        known = record_of_parent(source)
        parent = as_parent(source, target.parent, known, frame=None, last_frame=None)
        return {
            **recorder.new(target, made, [parent]),
            "content": Mark.of(target).to_json(),
            "parameters": inherited([known]),
            "tags": common_tags([known]),
        }

    recorder = Recorder.current()
    recorder.carefully(file, content)


def record_changed(file: Path, made: Mapping[str, Any], size: int) -> None:
    """Keep the record of a file, if there is one, that had `size` bytes and was changed."""

    def content() -> dict[str, Any] | None:
        before = read_record(file)
        then = before and Mark.from_json(before.get("content"))
        if before is None or (then and then.size != size):
            return None
        changes = [*before.get("changes", []), {**made, "written": now()}]
        return {**before, "content": Mark.of(file).to_json(), "changes": changes}

    Recorder.current().carefully(file, content)


def forget(file: Path) -> None:
    """Remove the record of a file that is no longer there or has another content."""
    try:
        record_path(file).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("The outdated record of %s could not be removed: %s", file, error)


def now() -> str:
    """The time in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def common_tags(records: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """The run and walker, where all frames are of the same."""
    tags = [record.get("tags", {}) if record else {} for record in records]
    return dict(tags[0]) if tags and all(one == tags[0] for one in tags) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""  # a number without a name, as in some containers


def _software() -> dict[str, str]:
    from asyncmd_jupyter._version import __version__

    found = {"asyncmd_jupyter": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
