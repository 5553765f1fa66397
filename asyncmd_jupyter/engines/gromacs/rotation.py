"""The file of reference positions that ``grompp`` keeps for an enforced rotation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asyncmd_jupyter.errors import EngineError

OPTION = "-ref"
_DEFAULT = re.compile(r"rotref\.\d+\.trr")


@contextmanager
def own_references(folder: Path, name: str = "") -> Iterator[None]:
    """Let ``grompp`` write its reference positions within the block, and call them after `name`.

    Without a name they are removed.

    It writes ``rotref.0.trr`` into the folder where it runs, and takes the positions from there
    if such a file exists: the next simulation in the folder would be rotated from the start of
    this one. It can be given another name only for a file to be read.

    Raises
    ------
    EngineError
        If there is such a file already.
    """
    if found := _references(folder):
        raise EngineError(
            f"grompp would take the reference positions of the enforced rotation from {found[0]}, "
            "because that has the name it looks for. Move it away; if it is meant, give it another "
            "name (mine.0.trr) and that to the engine (grompp_extra_args='-ref mine.trr')."
        )
    try:
        yield
    finally:
        for path in _references(folder):
            path.replace(folder / f"{name}_{path.name}") if name else path.unlink()


def _references(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _DEFAULT.fullmatch(path.name))
