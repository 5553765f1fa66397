"""Where the jobs of a run go, when a line says so: the user's engine is not changed."""

from __future__ import annotations

import difflib
from argparse import Namespace as Arguments
from collections.abc import Iterable
from typing import Any

from asyncmd_jupyter.jupyter.parsers import unquoted
from asyncmd_jupyter.jupyter.telling import say


def placed(engine: Any, arguments: Arguments) -> Any:
    """The engine itself, or a clone for which a launcher or options of sbatch were chosen.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
    """
    from asyncmd_jupyter.engines.chosen_place import engine_at

    launcher, script = arguments.launcher, arguments.sbatch_script
    chosen = None if arguments.sbatch is None else sbatch_options(arguments.sbatch)
    if launcher is None and script is None and chosen is None:
        return engine
    _check_engine(engine)
    script = None if script is None else unquoted(script)
    clone = engine_at(engine, launcher, chosen, script, shown=_option, called=arguments.engine)
    for_slurm = script is not None or chosen is not None
    if launcher is None and for_slurm and engine.launcher != "slurm":
        option = "--sbatch" if script is None else "--sbatch-script"
        say(
            f"Note: {option} sends the jobs of {arguments.name} to Slurm, though "
            f"{arguments.engine} computes on this machine by itself."
        )
    return clone


def sbatch_options(words: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` and ``name``.

    Raises
    ------
    ValueError
        With the nearest name that sbatch knows.
    """
    from asyncmd_jupyter.jobs.slurm.options import checked_options

    pairs = (word.lstrip("-").partition("=") for word in words)
    options = {name: unquoted(value) for name, _, value in pairs}
    for name in options:
        _check_spelling(name)
    return checked_options("--sbatch", options)


def _check_spelling(name: str) -> None:
    from asyncmd_jupyter.jobs.slurm.option_names import WITH_VALUE, WITHOUT_VALUE
    from asyncmd_jupyter.jobs.slurm.options import RESERVED

    known = sorted(WITH_VALUE | WITHOUT_VALUE)
    if name in known or name in RESERVED or any(option.startswith(name) for option in known):
        return
    # What is near to nothing may be the option of a plugin.
    if near := difflib.get_close_matches(name, known, 1, 0.75):
        raise ValueError(f"sbatch has no option {name!r}. Did you mean {near[0]!r}?")


def _option(name: str) -> str:
    return {"sbatch_options": "--sbatch"}.get(name, f"--{name.replace('_', '-')}")


def _check_engine(engine: Any) -> None:
    """Refuse what is no engine.

    Raises
    ------
    TypeError
    """
    from asyncmd_jupyter.engines.base import MDEngine

    if not isinstance(engine, MDEngine):
        raise TypeError(f"engine={engine!r} is no MD engine, such as an OpenMMEngine.")
