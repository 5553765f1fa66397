"""The tables and indices of the job store."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

SCHEMA_VERSION = 1

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    final INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    submitted REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS unfinished ON jobs (id) WHERE final = 0;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

# As they stand in queries: an index on an expression is used for the same one only.
NATIVE_ID = "json_extract(record, '$.native_id')"
RUN = "json_extract(record, '$.tags.run')"
_LAUNCHER = "json_extract(record, '$.launcher')"
_CORES = "json_extract(record, '$.resources.cores')"
_STARTED = "final = 0 AND state IN ('pending', 'running')"
_WAITS = "final = 0 AND state = 'waiting'"

_ENDED = "(julianday(coalesce(json_extract(record, '$.ended'), 0)) - 2440587.5) * 86400"

# Conditions and statements that these indices serve, each part by one of them. "+" keeps an
# index on times from being used to sort, for which all jobs would be read.
IN_RUNS = f"{RUN} IN (SELECT value FROM json_each(?))"  # noqa: S608
NAMED = (
    "rowid IN (SELECT rowid FROM jobs WHERE id >= ? AND id < ?"  # noqa: S608
    f" UNION SELECT rowid FROM jobs WHERE {NATIVE_ID} = ?"
    f" UNION SELECT rowid FROM jobs WHERE {NATIVE_ID} >= ? AND {NATIVE_ID} < ?"
    " UNION SELECT rowid FROM jobs WHERE final = 0 AND json_extract(record, '$.name') = ?)"
)
SELECT = (
    "SELECT record, owner, cancel_requested FROM jobs"
    " WHERE {} ORDER BY +submitted DESC, rowid DESC LIMIT ?"
)
RECENT = (
    "SELECT id, record, owner, cancel_requested FROM jobs"  # noqa: S608
    " WHERE rowid IN (SELECT rowid FROM jobs WHERE final = 0 UNION SELECT rowid FROM jobs"
    f" WHERE submitted >= ? AND (submitted >= ? OR {_ENDED} >= ?))"
    " ORDER BY final, +submitted DESC, rowid DESC LIMIT ?"
)
STATES = (
    "SELECT rowid, id, state, final, owner FROM jobs WHERE rowid IN"
    " (SELECT rowid FROM jobs WHERE rowid > ? UNION SELECT rowid FROM jobs WHERE final = 0)"
    " AND json_extract(record, '$.launcher') = ?"
)
# Of other kernels, where jobs use the machine of those who started them; "submitted" is that of
# the index, whose order spares reading all that wait.
_OF_OTHERS = f"{_LAUNCHER} = :launcher AND owner != :owner"
STARTED_BY_OTHERS = f"SELECT id, owner, {_CORES} FROM jobs WHERE {_STARTED} AND {_OF_OTHERS}"  # noqa: S608
WAITING_OF_OTHERS = (
    f"SELECT owner, submitted, {_CORES} FROM jobs WHERE {_WAITS} AND {_OF_OTHERS}"  # noqa: S608
    " AND owner NOT IN (SELECT value FROM json_each(:gone))"
    " AND coalesce(json_extract(record, '$.held'), 0) = 0 ORDER BY submitted LIMIT :most"
)
PRUNE = f"""
DELETE FROM jobs WHERE submitted < ? AND final = 1 AND {_ENDED} < ?
AND (json_extract(record, '$.launcher') != 'slurm' OR {_ENDED} < ?)
AND NOT (cancel_requested = 1 AND {RUN} IS NOT NULL)
AND +rowid < (SELECT max(rowid) FROM jobs)
"""  # noqa: S608

# Kernels of earlier versions keep them, too, so they need no other version of the layout.
_INDICES = {
    "by_native_id": f"jobs ({NATIVE_ID})",
    "by_run": f"jobs ({RUN})",
    "by_time": "jobs (submitted)",
    "started": f"jobs ({_LAUNCHER}, owner, {_CORES}) WHERE {_STARTED}",
    "waiting": f"jobs ({_LAUNCHER}, submitted, owner) WHERE {_WAITS}",
    "to_be_cancelled": "jobs (owner) WHERE cancel_requested = 1",
}
_COUNT = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name IN ({})"


def check_schema(db: sqlite3.Connection) -> None:
    """Make the tables of a new store.

    Raises
    ------
    sqlite3.Error
        They are of another version, or can't be made.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.executescript(_TABLES)
    elif version != SCHEMA_VERSION:
        raise sqlite3.DatabaseError(
            f"its layout has version {version}, this program knows {SCHEMA_VERSION}"
        )


def add_indices(db: sqlite3.Connection) -> None:
    """Give a store of an earlier version the indices that it lacks, where it can be written."""
    names = list(_INDICES)
    found = db.execute(_COUNT.format(",".join("?" * len(names))), names).fetchone()
    if found == (len(names),):
        return
    with suppress(sqlite3.OperationalError):
        for name, what in _INDICES.items():
            db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {what}")
