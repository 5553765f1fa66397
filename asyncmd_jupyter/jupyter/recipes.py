"""What is written beside a view, so that another kernel can make it anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from asyncmd_jupyter.jupyter.runlike import RunLike


def runs_recipe(runs: Iterable[RunLike]) -> dict[str, str]:
    """Names of runs, and the folders that hold theirs."""
    return {run.id: relative(run.snapshot().workdir.parent) for run in runs}


def relative(path: Path) -> str:
    """From here, so that a folder that is moved takes its notebook along."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
