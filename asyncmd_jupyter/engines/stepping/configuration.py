"""Positions, velocities and box in one npz file, in full precision."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.files.writing import new_file


@dataclass(frozen=True)
class Configuration:
    """One configuration.

    Attributes
    ----------
    positions : NDArray
        nm, shape (n_atoms, 3).
    velocities : NDArray or None
        nm/ps, shape (n_atoms, 3).
    box : NDArray or None
        Box vectors as rows in nm, shape (3, 3).
    """

    positions: NDArray[Any]
    velocities: NDArray[Any] | None = None
    box: NDArray[Any] | None = None

    def write(self, path: Path) -> None:
        """Write all arrays; the file appears by rename."""
        arrays = {name: value for name, value in vars(self).items() if value is not None}
        with new_file(path, overwrite=True) as file:
            np.savez(file, **arrays)

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """Read what `write` wrote."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in arrays.files})
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged: {error}") from error


def will_have_velocities(action: str, start: Configuration) -> bool:
    """Whether a configuration made without MD has velocities in the end."""
    if action == "constraints":
        return start.velocities is not None
    # Those of a start that was minimized belong to another place.
    return action == "velocities"
