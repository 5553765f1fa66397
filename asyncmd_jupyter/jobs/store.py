"""All jobs of a user on disk: what survives a kernel, and what other processes see."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.files.disks import disk_of, is_full
from asyncmd_jupyter.files.owners import check_file_of_ours, make_ours
from asyncmd_jupyter.files.retrying import is_transient
from asyncmd_jupyter.files.writing import create
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.rows import from_text, to_text
from asyncmd_jupyter.jobs.schema import (
    IN_RUNS,
    NAMED,
    PRUNE,
    RECENT,
    SELECT,
    STATES,
    add_indices,
    check_schema,
)

T = TypeVar("T")

_BUSY_SECONDS = 30.0
# Between tries where the file system does not answer; whoever submits jobs tries for longer.
_PAUSES = (0.05, 0.2, 1.0, 3.0)
_REST_SECONDS = 2.0  # times of files are coarse
_TRUSTED_SECONDS = 10.0  # and may be old on network file systems

# An end, an owner and an intent to cancel that somebody else stored are never undone.
_UPSERT = """
INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    final = excluded.final,
    cancel_requested = MAX(cancel_requested, excluded.cancel_requested),
    record = excluded.record
WHERE final = 0 AND owner = excluded.owner
"""

_LAST_LETTER = "\U0010ffff"


class JobExistsError(JobError):
    """There is an unfinished job already where there may be one only.

    Attributes
    ----------
    job_id, owner : str
        Of that job.
    """

    def __init__(self, job_id: str, owner: str) -> None:
        super().__init__(f"Job {job_id} of the kernel {owner} does the same already.")
        self.job_id = job_id
        self.owner = owner


class StoredState(NamedTuple):
    """One row of the store in brief; rows are numbered as they come."""

    number: int
    id: str
    state: str
    is_final: int
    owner: str


class StoredText(NamedTuple):
    """One row of the store as it was written; `rows.from_text` reads it."""

    id: str
    text: str
    owner: str
    cancel_requested: int


class StoredSpell(NamedTuple):
    """What the core hours of a job follow from, as text."""

    id: str
    folder: str
    resources: str
    script: str | None
    begin: str | None
    end: str | None


class JobStore:
    """One SQLite file with one row a job.

    Writing goes through one thread in the order of the calls; reading opens its own
    connection, so any process may read while a kernel writes. Connections are opened for
    each transaction: nothing is left open to be inherited, locked or forgotten. The
    rollback journal is kept because write-ahead logging is unsafe on network homes.

    Parameters
    ----------
    folder : Path
        Made with access for its user only, at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "jobs.sqlite"
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="asyncmd-store")
        self._lock = threading.Lock()
        self._unsaved: list[tuple[object, ...]] = []
        self._is_indexed = False
        self._requests: set[str] = set()
        self._requests_seen: tuple[tuple[int, int] | None, float, str] = None, 0.0, ""

    def save(self, record: JobRecord) -> Future[None]:
        """Write the record after all that was saved before; many at once when it is busy."""
        row = _row(record)
        with self._lock:
            self._unsaved.append(row)
        return self._in_order(self._write_unsaved)

    def add_alone(self, record: JobRecord, tags: Mapping[str, str]) -> Future[None]:
        """Write a new record unless an unfinished job of anybody has all of these tags.

        The result raises `JobExistsError` then. Looking and writing are one step, so of
        several kernels that try it at once one succeeds.
        """
        return self._in_order(functools.partial(self._add_alone, record, dict(tags)))

    def _add_alone(self, record: JobRecord, tags: dict[str, str]) -> None:
        conditions = [f"""json_extract(record, '$.tags."{name}"') = ?""" for name in tags]
        # Not this record, which is there if only the answer to the first try was lost.
        others = " AND ".join(["final = 0", "id != ?", *conditions])
        query = f"SELECT id, owner FROM jobs WHERE {others}"  # noqa: S608

        def add(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            found = db.execute(query, [record.id, *tags.values()]).fetchone()
            if found is not None:
                raise JobExistsError(*found)
            db.execute(_UPSERT, _row(record))

        self._transact(add)

    def in_one_step(
        self, action: Callable[[sqlite3.Connection], T], *, writes: bool = True
    ) -> Future[T]:
        """Carry something out after all that was saved before, undivided by other processes.

        It is begun again where the file system does not answer.
        """

        def step(db: sqlite3.Connection) -> T:
            db.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            return action(db)

        return self._in_order(functools.partial(self._transact, step))

    def put(self, db: sqlite3.Connection, record: JobRecord) -> None:
        """Write a record within such a step."""
        db.execute(_UPSERT, _row(record))

    def forget_unsaved(self, job_id: str) -> None:
        """Never write what could not be written yet about a job."""
        with self._lock:
            self._unsaved = [row for row in self._unsaved if row[0] != job_id]

    def claim(self, record: JobRecord, owner: str) -> bool:
        """Make `owner` the one who looks after a job; False if another was quicker."""
        with self._connect() as db:  # once: the second time it would seem that another was quicker
            cursor = db.execute(
                "UPDATE jobs SET owner = ? WHERE id = ? AND owner = ? AND final = 0",
                (owner, record.id, record.owner),
            )
            return cursor.rowcount == 1

    def taken_over(self, owner: str, ids: Iterable[str]) -> dict[str, str]:
        """Jobs of which `owner` thinks that it looks after them, and who does."""
        query = "SELECT id, owner FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._read(f"{query} AND owner != ?", (json.dumps(list(ids)), owner))
        return dict(rows)

    def request_cancel(self, ids: Iterable[str]) -> None:
        """Store the wish to end these jobs, for whoever looks after them."""
        wanted = [(job_id,) for job_id in ids]
        query = "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND final = 0"
        self._transact(lambda db: db.executemany(query, wanted))

    def cancel_requests(self, owner: str) -> set[str]:
        """Jobs of an owner that somebody wanted to end.

        Also those whose end another process has seen first: their owner has yet to learn
        that it was no failure.
        """
        if not self._is_as_read(owner):
            self._requests_seen = self.last_change(), time.time(), owner
            query = "SELECT id FROM jobs WHERE cancel_requested = 1 AND owner = ?"
            self._requests = {row[0] for row in self._read(query, (owner,))}
        return set(self._requests)

    def find(
        self,
        *,
        unfinished: bool = False,
        id_prefix: str = "",
        ids: Collection[str] | None = None,
        runs: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]:
        """Records that fit all that is given, the newest first.

        Parameters
        ----------
        unfinished : bool
        id_prefix : str
        ids : collection of str, optional
        runs : collection of str, optional
            Names of runs that they belong to.
        limit : int, optional
        """
        conditions = ["1"]
        values: list[object] = []
        if id_prefix:
            conditions.append("id >= ? AND id < ?")
            values += [id_prefix, id_prefix + _LAST_LETTER]
        if runs is not None:
            conditions.append(IN_RUNS)
            values.append(json.dumps(list(runs)))
        if unfinished:
            conditions.append("final = 0")
        if ids is not None:
            conditions.append("id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(ids)))
        values.append(-1 if limit is None else limit)
        return self._records(" AND ".join(conditions), values)

    def named(self, text: str) -> list[JobRecord]:
        """Records that a person may mean, the newest first.

        They have an id that begins so, have it at their launcher or are tasks of an array that
        has, or have not ended and are called so.
        """
        tasks = f"{text}_"
        values = (text, text + _LAST_LETTER, text, tasks, tasks + _LAST_LETTER, text, -1)
        return self._records(NAMED, values) if text else []

    def newest_ids(self, most: int) -> list[str]:
        """Ids of the jobs that were stored last."""
        return [
            row[0] for row in self._read("SELECT id FROM jobs ORDER BY rowid DESC LIMIT ?", (most,))
        ]

    def prune(self, before: float, slurm_before: float) -> int:
        """Forget jobs that had ended before a moment; returns how many.

        Left are the newest one, whose number tells others what is new, and those of runs that
        somebody cancelled: a run that is brought back does not go on with them.

        Parameters
        ----------
        before, slurm_before : float
            Seconds since 1970; core hours of jobs in Slurm may count for longer.
        """
        moments = before, before, min(before, slurm_before)
        return self._transact(lambda db: db.execute(PRUNE, moments).rowcount)

    def _records(self, condition: str, values: Sequence[object]) -> list[JobRecord]:
        return [
            from_text(text, owner=owner, cancel_requested=bool(requested))
            for text, owner, requested in self._read(SELECT.format(condition), values)
        ]

    def recent(self, submitted_since: float, ended_since: float, most: int) -> list[StoredText]:
        """Unfinished jobs, then those that ended late enough; unread, each the newest first.

        Parameters
        ----------
        submitted_since, ended_since : float
            Seconds since 1970. Looking at when jobs were submitted is quicker, so ends are
            looked at only of what was submitted late enough.
        most : int
        """
        most_and_times = (submitted_since, ended_since, ended_since, most)
        rows = self._read(RECENT, most_and_times)
        return [StoredText(*row) for row in rows]

    def states(self, launcher: str, after: int) -> list[StoredState]:
        """Unfinished jobs of a launcher, and all that were stored after a row, in brief."""
        rows = self._read(STATES, (after, launcher))
        return [StoredState(*row) for row in rows]

    def spells(self, ids: Iterable[str]) -> list[StoredSpell]:
        """When jobs ran and with what, as far as it was written down."""
        rows = self._read(
            "SELECT id, json_extract(record, '$.folder'), json_extract(record, '$.resources'),"
            " json_extract(record, '$.command.template'), json_extract(record, '$.started'),"
            " json_extract(record, '$.ended') FROM jobs"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return [StoredSpell(*row) for row in rows]

    def flush(self) -> None:
        """Return when all that was saved before is on disk."""
        self._in_order(self._write_unsaved).result()

    def close(self) -> None:
        """Write what is left; saving later still works, in the thread of the caller."""
        self.flush()
        self._writer.shutdown()

    def _in_order(self, action: Callable[[], T]) -> Future[T]:
        try:
            return self._writer.submit(action)
        except RuntimeError:  # closed, or the interpreter exits
            return _done(action)

    def _write_unsaved(self) -> None:
        with self._lock:
            rows, self._unsaved = self._unsaved, []
        if not rows:
            return
        try:
            self._transact(lambda db: db.executemany(_UPSERT, rows))
        except BaseException:
            with self._lock:
                self._unsaved = rows + self._unsaved
            raise

    def _is_as_read(self, owner: str) -> bool:
        """Whether nobody has written since the wishes were read, as far as that is certain.

        The file is never opened for this: closing it would drop the locks of SQLite.
        """
        changed, read, reader = self._requests_seen
        is_recent = 0 <= time.time() - read < _TRUSTED_SECONDS
        was_at_rest = changed is not None and changed[0] / 1e9 < read - _REST_SECONDS
        is_same = reader == owner and self.last_change() == changed
        return is_recent and was_at_rest and is_same

    def last_change(self) -> tuple[int, int] | None:
        """Time and size of the file: as long as they stay, nobody has written."""
        with suppress(OSError):
            found = self.path.stat()
            return found.st_mtime_ns, found.st_size
        return None

    def _read(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._explaining():
            if not self.path.exists():
                return []
        return self._transact(lambda db: db.execute(query, values).fetchall())

    def _transact(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that can be done twice; again while the file system does not answer."""
        for pause in _PAUSES:
            try:
                with self._connect() as db:
                    return action(db)
            except JobError as error:
                if not (is_transient(error) or self._is_misjudged(error)):
                    raise
            time.sleep(pause)
        with self._connect() as db:
            return action(db)

    def _is_misjudged(self, error: JobError) -> bool:
        """Whether SQLite says that it may not write a file which may be written.

        It reads a file only, and needs no other error, where opening it for writing fails once.
        """
        code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
        is_refusal = code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        return is_refusal and all(os.access(p, os.W_OK) for p in (self.path, self.folder))

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own."""
        with self._explaining():
            self._make_file()
            db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS)
            try:
                check_schema(db)
                if not self._is_indexed:
                    add_indices(db)
                    self._is_indexed = True
                with db:
                    yield db
            finally:
                db.close()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise JobError(
                f"The job store {str(self.path)!r} can't be used ({error}). {self._way_out(error)}"
            ) from error

    def _way_out(self, error: Exception) -> str:
        is_no_room = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        if is_no_room or is_full(error):
            return f"There is no room on {disk_of(self.path)}: make some, and continue."
        return (
            "Make it readable and writable, move it away if it is damaged, or choose another "
            "folder with ASYNCMD_STATE_DIR."
        )

    def _make_file(self) -> None:
        make_state_folder(self.path.parent)
        with suppress(FileExistsError):
            create(self.path, 0o600).close()
        check_file_of_ours(self.path)  # without opening it, see `_is_as_read`


def make_state_folder(folder: Path) -> None:
    """Make the folder of the store, or see that it is this user's: what is in it is acted upon.

    It may be a link, because it lies where this user has chosen.

    Raises
    ------
    UntrustedFolderError, OSError
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_ours(folder.resolve(), mode=0o700)


def _row(record: JobRecord) -> tuple[object, ...]:
    return (
        record.id,
        record.owner,
        record.state.value,
        record.state.is_final,
        record.cancel_requested,
        record.submitted.timestamp() if record.submitted else 0.0,
        to_text(record),
    )


def _done(action: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(action())
    except Exception as error:
        future.set_exception(error)
    return future
