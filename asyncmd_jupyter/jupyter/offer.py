"""One sentence when the extension is loaded where an earlier kernel has left runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from asyncmd_jupyter.files.reading import read_object
from asyncmd_jupyter.jupyter.telling import say
from asyncmd_jupyter.names import is_name

# Loading the extension is to stay cheap, so what writes these files is not imported.
ENDING = ".run.json"
_ENDS = ("reached", "done", "limit", "cancelled", "failed")
_MOST_ENTRIES = 2000
_MOST_RECORDS = 200
_MOST_BYTES = 2**25  # of all of them together


def offer_attach(folder: Path | None = None) -> None:
    """Say that runs of this folder can be brought back, if there are any."""
    try:
        records = _records(folder or Path.cwd())
        found = [record for record in records if not _is_looked_after(record)]
    except OSError:
        return
    if not found:
        return
    open_ones = sum(record.get("state") not in _ENDS for record in found)
    what = "1 run" if len(found) == 1 else f"{len(found)} runs"
    verb = "is" if len(found) == 1 else "are"
    more = f" ({open_ones} had not ended)" if open_ones else ""
    back = "it" if len(found) == 1 else "them"
    others = "another kernel" if len(found) == 1 else "other kernels"
    whose = others if any(map(_has_kernel, found)) else "an earlier kernel"
    say(f"{what} of {whose} {verb} here{more}: %asyncmd attach brings {back} back.")


def _records(top: Path) -> Iterator[dict[str, Any]]:
    """Those that can be read; what is wrong with others is said when they are brought back."""
    left = _MOST_BYTES
    for path in islice(_files(top), _MOST_RECORDS):
        try:
            record = read_object(path, limit=left)
            left -= path.stat().st_size
        except (OSError, ValueError):
            continue
        if is_name(path.name.removesuffix(ENDING)):
            yield record


def _files(top: Path) -> Iterator[Path]:
    """Records in a folder and one level below; of very many entries, the first ones."""
    folders = [top]
    with os.scandir(top) as entries:
        folders += [Path(e.path) for e in islice(entries, _MOST_ENTRIES) if e.is_dir()]
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                named = [e.path for e in islice(entries, _MOST_ENTRIES) if e.name.endswith(ENDING)]
        except OSError:
            continue
        yield from map(Path, sorted(named))


def _is_looked_after(record: dict[str, Any]) -> bool:
    """Whether this kernel has the run, or another one that lives."""
    if not _has_kernel(record):
        return False
    return record.get("pid") == os.getpid() or record.get("state") not in _ENDS


def _has_kernel(record: dict[str, Any]) -> bool:
    """Whether the kernel that has written it lives on this machine."""
    pid = record.get("pid")
    if record.get("host") != _hostname() or not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # no number of a process is so large
        return False
    except OSError:  # that of another user
        return True
    return True


def _hostname() -> str:
    return socket.gethostname().replace(":", "_")
