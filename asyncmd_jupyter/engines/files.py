"""Names of an engine's files, and checks of the folder they go to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.names import check_keeps_apart


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

    def named_by_parts(self) -> list[tuple[int, Path]]:
        """Everything in the folder that is named after a part, with its number, but records.

        ``sim.confout.part0001.gro`` is a part's last frame, of ``sim`` and not of ``sim.confout``.
        """
        own, part = re.escape(self.deffnm), r"\.part(\d{4,})"
        pattern = re.compile(
            rf"{own}{part}[._](?!gro$).*(?<!\.provenance\.json)|{own}\.confout{part}\.gro"
        )
        names = sorted(os.listdir(self.workdir)) if self.workdir.is_dir() else ()  # noqa: PTH208
        matches = filter(None, map(pattern.fullmatch, names))
        return [(int(found[1] or found[2]), self.workdir / found[0]) for found in matches]

    @property
    def key(self) -> str:
        """Tells the jobs of this simulation from those of others."""
        return str(self.workdir.resolve() / self.deffnm)


def check_deffnm(deffnm: Any) -> None:
    """Refuse what file names can't begin with.

    Raises
    ------
    ValueError
    """
    if not isinstance(deffnm, str) or not deffnm or deffnm in (".", ".."):
        raise ValueError(f"deffnm={deffnm!r} has to be a text that file names can begin with.")
    if "/" in deffnm or "\0" in deffnm:
        raise ValueError(f"deffnm={deffnm!r} holds a '/': give the folder as workdir instead.")


def checked_path(name: str, value: Any) -> Path:
    """A path.

    Raises
    ------
    TypeError, ValueError
        The value of the argument `name` is none, or an empty one.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name}={value!r} has to be a path.")
    if not str(value):
        raise ValueError(f"{name}={value!r} is empty: give a path.")
    return Path(value)


def checked_folder(name: str, value: Any) -> Path:
    """A folder that exists.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError, NotADirectoryError
    """
    folder = checked_path(name, value)
    if not folder.exists():
        raise FileNotFoundError(f"{name}={str(folder)!r} does not exist.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{name}={str(folder)!r} is a file.")
    return folder


def checked_files(workdir: str | os.PathLike[str], deffnm: str) -> EngineFiles:
    """Check that files of this name can be written.

    Raises
    ------
    ValueError
        `deffnm` can't begin a file name, or a program would write under another one.
    FileNotFoundError, NotADirectoryError, PermissionError
        `workdir` is no folder that can be written to.
    """
    check_deffnm(deffnm)
    check_keeps_apart("deffnm", deffnm)
    return EngineFiles(checked_workdir(workdir), deffnm)


def checked_workdir(workdir: str | os.PathLike[str]) -> Path:
    """Check that files can be written to a work folder; gives its absolute path.

    Raises
    ------
    FileNotFoundError, NotADirectoryError, PermissionError
    """
    # The working directory may change while the simulation goes on.
    folder = checked_path("workdir", workdir).absolute()
    if not folder.exists():
        raise FileNotFoundError(f"The work folder {str(folder)!r} does not exist: create it first.")
    if not folder.is_dir():
        raise NotADirectoryError(f"The work folder {str(folder)!r} is a file: choose another name.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"The work folder {str(folder)!r} can't be written to.")
    return folder
