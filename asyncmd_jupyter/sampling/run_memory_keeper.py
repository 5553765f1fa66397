"""Keeps the record of a run up to date while the run goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import ForeignFileError, OtherKernelError
from asyncmd_jupyter.files.locking import locked
from asyncmd_jupyter.files.writing import write_bytes
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.sampling.progress import RunSnapshot
from asyncmd_jupyter.sampling.run_memory_pickle import pickled_spec, write_pickle
from asyncmd_jupyter.sampling.run_record import (
    RunRecord,
    pickle_file,
    read_record,
    record_file,
)
from asyncmd_jupyter.sampling.run_spec import RunSpec

logger = logging.getLogger(__name__)

_PAUSES = 5  # between two writings, in the time that one takes


class Keeper:
    """Writes the record of one run, in threads and one after the other.

    That a record can't be written is no reason to end a simulation: it is logged.

    Parameters
    ----------
    spec : RunSpec
    look : callable
        Gives the snapshot of the run and the class of each walker's error.
    record : RunRecord, optional
        Of a run that is brought back.
    """

    def __init__(
        self,
        spec: RunSpec,
        look: Callable[[], tuple[RunSnapshot, tuple[str, ...]]],
        record: RunRecord | None = None,
    ) -> None:
        self.spec = spec
        self._look = look
        self._known = record
        self.created = datetime.now(UTC) if record is None else record.created
        self._notebook = os.environ.get("JPY_SESSION_NAME", "")
        self._unpicklable: Mapping[str, str] = {} if record is None else record.unpicklable
        self._has_begun = False
        self._is_due = False
        self._is_lost = False
        self._writing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Write down what the run is, before anything is computed.

        Raises
        ------
        OtherKernelError
            Another kernel of this machine goes on with this run.
        """
        snapshot = self._look()
        await asyncio.to_thread(self._begin, snapshot)
        self._has_begun = True

    async def take_over(self, *, force: bool = False) -> None:
        """Write down that this kernel goes on with a run that is brought back.

        With `force` it does so although another kernel may go on with it.

        Raises
        ------
        OtherKernelError
            Another kernel does.
        """
        await asyncio.to_thread(self._begin, self._look(), force=force)

    def note(self) -> None:
        """Write soon what the run has come to."""
        self._is_due = True
        if self._has_begun and (self._writing is None or self._writing.done()):
            self._writing = runtime.start(self._write())

    async def settled(self) -> None:
        """Write what the run has come to and wait for it."""
        self.note()
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        while self._is_due:
            self._is_due = False
            begin = time.monotonic()
            snapshot = self._look()
            try:
                await asyncio.to_thread(self._save_if_ours, snapshot)
            except OSError as error:
                logger.warning(
                    "The record of the run %s was not written: %s", self.spec.name, error
                )
            if self._is_due:  # many walkers may begin or end at the same time
                await asyncio.sleep(_PAUSES * (time.monotonic() - begin))

    def _save_if_ours(self, snapshot: tuple[RunSnapshot, tuple[str, ...]]) -> None:
        """Leave the record to a kernel that has taken the run over while this one was silent."""
        try:
            owner = read_record(record_file(self.spec.folder, self.spec.name)).owner
        except (ForeignFileError, OSError):
            owner = ""
        if owner in ("", str(Owner.this())):
            self._save(snapshot)
        elif not self._is_lost:
            self._is_lost = True
            logger.warning("The run %s was taken over by the kernel %s.", self.spec.name, owner)

    def _begin(self, snapshot: tuple[RunSnapshot, tuple[str, ...]], *, force: bool = False) -> None:
        # Not the record itself: whoever is killed here would leave an empty one.
        lock = self.spec.folder / f".{self.spec.name}.run.lock"
        try:
            with locked(lock, write=True):
                try:
                    self._take_over(self._earlier(), force=force)
                    if self._known is None:
                        self._save_pickle()
                    self._save(snapshot)
                finally:
                    lock.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("The run %s can't be remembered: %s", self.spec.name, error)

    def _earlier(self) -> RunRecord | None:
        try:
            return read_record(record_file(self.spec.folder, self.spec.name))
        except FileNotFoundError:
            return None
        except (ForeignFileError, OSError) as error:
            logger.warning("%s It is replaced by that of the run which begins now.", error)
            return None

    def _take_over(self, earlier: RunRecord | None, *, force: bool) -> None:
        if earlier is None:
            return
        kernel = earlier.kernel
        # Of other machines nobody knows whether the kernel lives; the user does.
        is_certain = kernel.is_here or self._known is not None
        if not force and earlier.is_active_elsewhere and is_certain:
            raise OtherKernelError(
                f"The run {earlier.name!r} is active in another kernel (process "
                f"{kernel.process.pid} on {kernel.host}): work there, or shut that kernel down."
            )
        self.created = earlier.created
        # The one that started it, unless that is gone.
        notebook = Path(earlier.notebook)
        if notebook.is_absolute() and notebook.exists():
            self._notebook = earlier.notebook

    def _save_pickle(self) -> None:
        path = pickle_file(self.spec.folder, self.spec.name)
        pickled, self._unpicklable = pickled_spec(self.spec)
        if pickled is None:
            path.unlink(missing_ok=True)
        else:
            write_pickle(path, pickled)

    def _save(self, seen: tuple[RunSnapshot, tuple[str, ...]]) -> None:
        snapshot, error_kinds = seen
        record = RunRecord.of(
            self.spec,
            snapshot,
            created=self.created,
            notebook=self._notebook,
            error_kinds=error_kinds,
            unpicklable=self._unpicklable,
        )
        text = record.to_text().encode()
        write_bytes(record_file(self.spec.folder, self.spec.name), text)
