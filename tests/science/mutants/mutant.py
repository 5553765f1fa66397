"""A fault that is put into the code, and the tests that have to notice it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

PACKAGE = "asyncmd_jupyter"


class OutdatedMutantError(Exception):
    """The code has changed, so that a mutant can't be applied any more."""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    name : str
        What a user of the faulty code would get.
    file : str
        Relative to the package.
    old, new : str
        `old` has to be in the file exactly once.
    killed_by : tuple of str
        Ids of tests relative to ``tests/``; each of them has to fail.
    in_ci : bool
        Whether it is among the few that the test command tries: each takes seconds.
    """

    name: str
    file: str
    old: str
    new: str
    killed_by: tuple[str, ...]
    in_ci: bool = False

    def mutated(self, text: str) -> str:
        """The text of the file with the fault.

        Raises
        ------
        OutdatedMutantError
            If `old` is not there exactly once.
        """
        if (count := text.count(self.old)) != 1:
            raise OutdatedMutantError(
                f"mutant {self.name!r}: {self.old!r} is {count} times in {PACKAGE}/{self.file}, "
                "instead of once. Adapt the mutant to the code as it is now."
            )
        return text.replace(self.old, self.new)

    def apply(self, package: Path) -> None:
        """Put the fault into a copy of the package."""
        file = package / self.file
        text = self.mutated(file.read_text(encoding="utf-8"))
        for old in (file, Path(cache_from_source(str(file)))):
            old.unlink(missing_ok=True)  # they may be links
        file.write_text(text, encoding="utf-8")


def copy_of(package: Path, folder: Path) -> Path:
    """A folder for ``PYTHONPATH`` with a copy of the package."""
    shutil.copytree(package, folder / PACKAGE)
    return folder


def mutated_copy_of(copy: Path, folder: Path, mutant: Mutant) -> Path:
    """Another such folder with the fault; all else are links to the files of the first one."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(copy / PACKAGE, folder / PACKAGE, copy_function=os.link)
    mutant.apply(folder / PACKAGE)
    return folder
