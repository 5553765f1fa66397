"""One file from which a simulation goes on, replaced as a whole or not at all.

The one before it stays beside it. A checkpoint is on the disk before it takes its name, so that
after a crash of the machine one of the two is whole.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.reading import open_regular, read_bytes
from asyncmd_jupyter.files.writing import name_beside, write_bytes

_LARGEST = 2**36
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError),
    *(NotImplementedError, RuntimeError, RecursionError),
)


@dataclass(frozen=True)
class Progress:
    """How far a simulation has come, as of its checkpoint.

    Attributes
    ----------
    step : int
        MD steps since the preparation.
    part : int
        The part the checkpoint was written in.
    size : int
        Bytes of that part's trajectory file at this moment: what is behind them was
        computed after the checkpoint and will be computed again.
    frames : int
        Whole frames in these bytes.
    platform : str
        Where the exact state can be read.
    time : float or None
        Simulated time in ps; checkpoints of earlier versions do not tell.
    """

    step: int
    part: int
    size: int
    frames: int
    platform: str
    time: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """Progress, the exact state for the same platform and the portable one for any."""

    progress: Progress
    exact: bytes
    portable: str

    def write(self, path: Path, *, durable: bool = True) -> None:
        """Replace the file at `path`, which is kept as the one before.

        Parameters
        ----------
        path : Path
        durable : bool
            Whether to wait until it is on the disk; not needed for the state of the one before.

        Raises
        ------
        OSError
            The file that was there is unchanged.
        """
        _keep(path)
        write_bytes(path, self._packed(), durable=durable)

    def _packed(self) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("progress.json", json.dumps(asdict(self.progress)))
            archive.writestr("exact", self.exact)
            archive.writestr("portable", self.portable)
        return packed.getvalue()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a whole checkpoint.

        Raises
        ------
        FileNotFoundError, OSError
        EngineError
            It is damaged.
        """
        content = read_bytes(path, limit=_LARGEST)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                progress = Progress(**json.loads(archive.read("progress.json")))
                return cls(progress, archive.read("exact"), archive.read("portable").decode())
        except _DAMAGES as error:
            raise _damaged(path, error) from error


def checked_progress(path: Path) -> Progress:
    """How far a checkpoint has come, after a look whether all of it is whole.

    It is read in pieces: those of large systems have hundreds of megabytes.

    Raises
    ------
    FileNotFoundError, OSError
    EngineError
        It is damaged.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                if damaged := archive.testzip():
                    raise zipfile.BadZipFile(f"bad checksum of {damaged}")
                if missing := {"exact", "portable"}.difference(archive.namelist()):
                    raise zipfile.BadZipFile(f"without {' and '.join(sorted(missing))}")
                return Progress(**json.loads(archive.read("progress.json")))
        except _DAMAGES as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> EngineError:
    what = f"is damaged ({error})" if path.stat().st_size else "is empty"
    return EngineError(f"{path} {what}.")


def previous(path: Path) -> Path:
    """The checkpoint before the last one.

    No simulation has files of this ending, as one called ``sim_prev`` has ``sim_prev.cpt``.
    """
    return path.with_name(f"{path.name}.prev")


def _keep(path: Path) -> None:
    """Give the file of the last checkpoint the name of the one before, too.

    As a link, so that one is there at every moment; where there are no links, between the
    two renames only the one before is there.
    """
    if not path.exists():
        return
    beside = name_beside(path)
    try:
        os.link(path, beside, follow_symlinks=False)
    except OSError:
        path.replace(previous(path))
        return
    try:
        beside.replace(previous(path))
    finally:
        # Two names of one file are not renamed to each other.
        with suppress(FileNotFoundError):
            beside.unlink()
