"""Ask engines and parameter files what they know; there is no list of engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.engines.mdconfig import MDConfig
from asyncmd_jupyter.files.retrying import in_thread
from asyncmd_jupyter.frames.trajectory import Trajectory


async def get_all_traj_parts(
    folder: str | PathLike[str], deffnm: str, engine: MDEngine | type[MDEngine]
) -> list[Trajectory]:
    """All parts with frames of one simulation, in order.

    Parameters
    ----------
    folder : path
    deffnm : str
        What the names of its files begin with.
    engine : MDEngine
        The engine, or its class, that wrote them.
    """
    kind = _checked(engine).output_traj_type
    with _known(engine):
        return await in_thread(folder, engine.parts_in_folder, folder, deffnm, kind)


async def get_all_file_parts(
    folder: str | PathLike[str],
    deffnm: str,
    file_ending: str,
    engine: MDEngine | type[MDEngine],
) -> list[str]:
    """Paths of the files of all parts with this ending, in order; see `get_all_traj_parts`."""
    if not _says_names_of_files(_checked(engine)):
        raise ValueError(
            f"engine={engine!r} does not say how its files are called: give it a class "
            "method 'files_of_parts', as in MDEngine."
        )
    found = await in_thread(folder, engine.files_of_parts, folder, deffnm, file_ending)
    return [str(path) for path in found]


def nstout_from_mdconfig(mdconfig: MDConfig, output_traj_type: str) -> int:
    """MD steps between two frames of a trajectory of this type.

    Raises
    ------
    ValueError
        None would be written, or `mdconfig` does not say.
    """
    with _known(mdconfig):
        return _parameters(mdconfig).nstout(output_traj_type)


def ensure_mdconfig_options(
    mdconfig: MDConfig, genvel: str = "no", continuation: str = "yes"
) -> MDConfig:
    """Set how a simulation begins: in the object itself, which is also returned.

    Parameters
    ----------
    mdconfig : MDConfig
    genvel : str
        Whether velocities are drawn.
    continuation : str
        Whether the start fulfils the constraints already.
    """
    with _known(mdconfig):
        return _parameters(mdconfig).ensure_options(genvel, continuation)


@contextmanager
def _known(asked: Any) -> Iterator[None]:
    """Tell in a ValueError what an engine or configuration has no answer to."""
    try:
        yield
    except NotImplementedError as error:
        raise ValueError(f"{asked!r} is not known here: {error}") from error


def _says_names_of_files(engine: MDEngine | type[MDEngine]) -> bool:
    own = engine.files_of_parts.__func__ is not MDEngine.files_of_parts.__func__  # type: ignore[attr-defined]
    kind = engine if isinstance(engine, type) else type(engine)
    return own or issubclass(kind, CommandEngine)


def _checked(engine: Any) -> MDEngine | type[MDEngine]:
    if isinstance(engine, MDEngine) or (isinstance(engine, type) and issubclass(engine, MDEngine)):
        return engine
    raise ValueError(f"engine={engine!r} has to be an engine, or the class of one.")


def _parameters(mdconfig: Any) -> MDConfig:
    if isinstance(mdconfig, MDConfig):
        return mdconfig
    raise ValueError(f"mdconfig={mdconfig!r} has to be a parameter file, such as MDP('md.mdp').")
