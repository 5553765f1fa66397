"""Where a configuration that an engine makes without MD is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

from asyncmd_jupyter.engines.base import WITHOUT_NAMES, StartingConfiguration
from asyncmd_jupyter.engines.files import checked_path, checked_workdir
from asyncmd_jupyter.engines.names import check_keeps_apart
from asyncmd_jupyter.files.writing import check_free, new_path
from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.formats import holds_velocities, output_format
from asyncmd_jupyter.frames.inputs import refuse_to_write_over
from asyncmd_jupyter.frames.trajectory import Trajectory

_DEFAULT_ENDING = ".trr"


@dataclass(frozen=True)
class ConfigurationOutput:
    """One file for a configuration, and a folder for what is written on the way.

    Attributes
    ----------
    path : Path
        Absolute.
    scratch : Path
        Absolute; an existing folder.
    """

    path: Path
    scratch: Path

    @classmethod
    def of(
        cls,
        conf_out_name: str | PathLike[str],
        workdir: str | PathLike[str],
        inputs: Iterable[Path],
    ) -> Self:
        """Check what a user gives; blocks.

        Raises
        ------
        FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError
            The name is that of a folder, or there is no folder in which it can be written.
        TypeError, ValueError
            It is not a path, an input, or its ending is no format that can be written.
        """
        path = checked_path("conf_out_name", conf_out_name)
        path = path if path.suffix else path.with_name(f"{path.name}{_DEFAULT_ENDING}")
        check_keeps_apart("conf_out_name", path.name)
        check_free(path, overwrite=True)
        for read in inputs:
            refuse_to_write_over("conf_out_name", path, read)
        output_format(path)
        return cls(path.absolute(), checked_workdir(workdir))

    @property
    def has_names(self) -> bool:
        """Whether the file can be its own structure."""
        return self.path.suffix.lower() not in WITHOUT_NAMES

    def check_velocities(self, velocities: bool) -> None:
        """See that the file can hold velocities, if there will be some.

        Raises
        ------
        ValueError
        """
        if velocities and not holds_velocities(output_format(self.path)):
            raise ValueError(
                f"conf_out_name={str(self.path)!r} can't hold the velocities; choose the ending "
                ".trr or .gro."
            )

    def publish(self, made: Path, structure: Path) -> None:
        """Give the first frame of a TRR file its name and format; blocks."""
        if self.path.suffix.lower() == _DEFAULT_ENDING:
            with new_path(self.path, overwrite=True) as beside:
                shutil.move(made, beside)  # the folders may be on different file systems
            return
        trajectory = Trajectory(made, structure)
        NoModificationFrameExtractor().extract(self.path, trajectory, 0, overwrite=True)


def files_of_start(start: StartingConfiguration) -> list[Path]:
    """Files of the user that a start is read from."""
    if isinstance(start, Trajectory):
        return [*start.paths, start.structure_path]
    return [] if start is None else [Path(start)]
