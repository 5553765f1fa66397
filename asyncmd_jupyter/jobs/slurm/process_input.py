"""The input of a job, which may come after the job is in the queue."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from asyncmd_jupyter.files.writing import create, name_beside


@dataclass(frozen=True)
class AwaitedInput:
    """A file for which a job is held.

    Attributes
    ----------
    path : Path
    lock : asyncio.Lock
        Of who lets the job go.
    """

    path: Path
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_there(self) -> bool:
        """Whether somebody has written it."""
        return self.path.exists()

    def write(self, content: bytes) -> None:
        """Write it; it appears when it is complete.

        Raises
        ------
        RuntimeError
            It is there already.
        """
        beside = name_beside(self.path)
        write_private(beside, content)
        try:
            os.link(beside, self.path)  # unlike a rename it never replaces a file
        except FileExistsError:
            raise RuntimeError(
                f"The input {self.path} is there already, so there can't be another one: call "
                "'communicate()' without."
            ) from None
        finally:
            beside.unlink()


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that nobody else can read."""
    with create(path, 0o600) as file:
        file.write(content)
