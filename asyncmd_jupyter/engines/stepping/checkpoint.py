"""One file from which a simulation goes on, replaced as a whole or not at all."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path


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

    def write(self, path: Path) -> None:
        """Replace the file at `path`."""
        temporary = path.with_name(path.name + ".tmp")
        with zipfile.ZipFile(temporary, "w") as archive:
            archive.writestr("progress.json", json.dumps(asdict(self.progress)))
            archive.writestr("exact", self.exact)
            archive.writestr("portable", self.portable)
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read a whole checkpoint."""
        with zipfile.ZipFile(path) as archive:
            return cls(
                _progress(archive),
                archive.read("exact"),
                archive.read("portable").decode(),
            )


def read_progress(path: Path) -> Progress:
    """Only the small part of a checkpoint."""
    with zipfile.ZipFile(path) as archive:
        return _progress(archive)


def _progress(archive: zipfile.ZipFile) -> Progress:
    return Progress(**json.loads(archive.read("progress.json")))
