"""An engine whose jobs go elsewhere than it says itself: for one run, the engine is not changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.placed import PlacedEngine


def engine_at(
    engine: MDEngine,
    launcher: str | None,
    sbatch_options: Mapping[str, Any] | None,
    sbatch_script: str | PathLike[str] | None,
    *,
    shown: Callable[[str], str] = str,
    called: str = "engine",
) -> MDEngine:
    """The engine itself, or a clone for which a launcher or options of sbatch were chosen.

    Parameters
    ----------
    engine : MDEngine
    launcher : str or None
        Slurm, where something for it is given and this is not.
    sbatch_options : Mapping or None
        In addition to those of the engine.
    sbatch_script : str, path or None
    shown : callable
        Writes the name of an argument as the user gives it.
    called : str
        What the user calls the engine.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
    """
    for_slurm = sbatch_options is not None or sbatch_script is not None
    if launcher is None and not for_slurm:
        return engine
    options, script, where = map(shown, ("sbatch_options", "sbatch_script", "launcher"))
    if not isinstance(engine, PlacedEngine):
        raise TypeError(
            f"{called} is a {type(engine).__name__}, whose jobs can't be sent elsewhere: leave "
            f"{where} and {options} out."
        )
    if launcher == "local" and for_slurm:
        raise ValueError(f"{options} and {script} are for {where} slurm, not for local.")
    clone = engine.clone()
    clone.launcher = launcher or "slurm"
    if sbatch_script is not None:
        clone.sbatch_script = sbatch_script
    if sbatch_options is not None:
        clone.sbatch_options = {**engine.sbatch_options, **sbatch_options}
    return clone
