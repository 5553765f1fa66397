"""The files with the output of one job, under the names that its user expects."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.jobs.folder import make_output
from asyncmd_jupyter.jobs.model import JobRecord

logger = logging.getLogger(__name__)


class OutputFiles:
    """``<jobname>.out.<id>`` and ``<jobname>.err.<id>`` in the working folder of a job.

    The script of the job appends to files in the folder of the job, whose name is known
    before Slurm's id is. The public names are further links to the same files, so what is
    written can be read at once. Where they are to be removed at the end, the public names go at
    once, and the files themselves when nobody can ask for them any more: nothing is kept in
    memory. All methods may block and may be called from any thread.

    Parameters
    ----------
    record : JobRecord
        Of a job whose native id is known.
    given_input : Path, optional
        File with its input that goes with the end of the job.
    """

    def __init__(self, record: JobRecord, given_input: Path | None = None) -> None:
        stem, folder = record.name, record.command.cwd
        self.out = folder / f"{stem}.out.{record.native_id}"
        self.err = folder / f"{stem}.err.{record.native_id}"
        self._pairs = ((record.stdout, self.out), (record.stderr, self.err))
        self._given_input = given_input
        self._is_linked = False
        self._is_finished = False
        self._lock = threading.Lock()

    def show(self) -> None:
        """Make the public names; where links are impossible they get copies at the end."""
        with self._lock:
            try:
                for source, public in self._pairs:
                    make_output(source)  # the job may not have begun
                    public.unlink(missing_ok=True)
                    os.link(source, public)
                self._is_linked = True
            except OSError as error:
                logger.info("%s appears when its job has ended: %s", self.out, error)
                self._show_symbolically()

    def is_left_as_is(self, *, remove: bool) -> bool:
        """Whether there is nothing to do after the end of the job; does not block."""
        is_complete = self._is_linked and self._given_input is None
        return self._is_finished or (is_complete and not remove)

    def finish(self, *, remove: bool) -> None:
        """Do what is left to do after the end of the job, once."""
        with self._lock:
            if self._is_finished:
                return
            try:
                self._remove() if remove else self._complete()
            except OSError as error:
                logger.warning("Files of an ended job can't be tidied up: %s", error)
            self._is_finished = True

    def read(self) -> tuple[bytes, bytes]:
        """All that was written, also after the files were removed."""
        with self._lock:
            out, err = (_content(*pair) for pair in self._pairs)
            return out, err

    def _show_symbolically(self) -> None:
        try:
            for source, public in self._pairs:
                public.unlink(missing_ok=True)
                public.symlink_to(source.relative_to(public.parent))
        except OSError as error:
            logger.info("Nor can it be a symbolic link: %s", error)

    def _complete(self) -> None:
        if not self._is_linked:
            for source, public in self._pairs:
                _copy(source, public)
        self._remove_input()

    def _remove(self) -> None:
        for _, public in self._pairs:
            public.unlink(missing_ok=True)
        sources = [source for source, _ in self._pairs]
        weakref.finalize(self, _remove_sources, sources, os.getpid())
        self._remove_input()

    def _remove_input(self) -> None:
        if self._given_input is not None:
            self._given_input.unlink(missing_ok=True)


def _remove_sources(sources: Sequence[Path], pid: int) -> None:
    if os.getpid() != pid:  # forked, and the files are those of the other process
        return
    for path in sources:
        with suppress(OSError):
            path.unlink()


def _copy(source: Path, public: Path) -> None:
    beside = source.with_name(f"{source.name}.copy")
    shutil.copyfile(source, beside)
    beside.replace(public)


def _content(*paths: Path) -> bytes:
    for path in paths:
        try:
            with os.fdopen(open_regular(path, follow=False), "rb") as file:
                return file.read()
        except FileNotFoundError:
            continue
    return b""
