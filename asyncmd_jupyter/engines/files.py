"""Names of an engine's files, and checks of the folder they go to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EngineFiles:
    """All files of one simulation start with ``workdir/deffnm``."""

    workdir: Path
    deffnm: str

    def path(self, ending: str) -> Path:
        """The file ``deffnm.ending``."""
        return self.workdir / f"{self.deffnm}.{ending}"

    def part(self, number: int, ending: str) -> Path:
        """The file ``deffnm.partNNNN.ending``."""
        return self.path(f"part{number:04d}.{ending}")

    def parts(self, ending: str) -> dict[int, Path]:
        """Existing files of all parts with this ending, in order of their numbers.

        One that begins with an underscore follows the number at once: ``_pullx.xvg``.
        """
        ending = ending if ending.startswith("_") else f".{ending}"
        pattern = re.compile(rf"{re.escape(self.deffnm)}\.part(\d{{4,}}){re.escape(ending)}")
        # A Path for each file of a full folder would take most of the time of a short part.
        names = os.listdir(self.workdir) if self.workdir.is_dir() else ()  # noqa: PTH208
        numbers = {int(match[1]): match[0] for match in map(pattern.fullmatch, names) if match}
        return {number: self.workdir / name for number, name in sorted(numbers.items())}

    @property
    def key(self) -> str:
        """Tells the jobs of this simulation from those of others."""
        return str(self.workdir.resolve() / self.deffnm)


def checked_files(workdir: str | os.PathLike[str], deffnm: str) -> EngineFiles:
    """Check that files of this name can be written.

    Raises
    ------
    ValueError
        `deffnm` can't begin a file name.
    FileNotFoundError, NotADirectoryError, PermissionError
        `workdir` is no folder that can be written to.
    """
    if not isinstance(deffnm, str) or not deffnm or deffnm in (".", ".."):
        raise ValueError(f"deffnm={deffnm!r} has to be a text that file names can begin with.")
    if "/" in deffnm or "\0" in deffnm:
        raise ValueError(f"deffnm={deffnm!r} holds a '/': give the folder as workdir instead.")
    folder = Path(workdir)
    if not folder.exists():
        raise FileNotFoundError(f"The work folder {str(folder)!r} does not exist: create it first.")
    if not folder.is_dir():
        raise NotADirectoryError(f"The work folder {str(folder)!r} is a file: choose another name.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"The work folder {str(folder)!r} can't be written to.")
    return EngineFiles(folder, deffnm)
