"""Ask engines and parameter files what they know; there is no list of engines."""

from __future__ import annotations

import asyncio
from os import PathLike
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.mdconfig import MDConfig
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
    return await asyncio.to_thread(engine.parts_in_folder, folder, deffnm, kind)


async def get_all_file_parts(
    folder: str | PathLike[str],
    deffnm: str,
    file_ending: str,
    engine: MDEngine | type[MDEngine],
) -> list[str]:
    """Paths of the files of all parts with this ending, in order; see `get_all_traj_parts`."""
    found = await asyncio.to_thread(_checked(engine).files_of_parts, folder, deffnm, file_ending)
    return [str(path) for path in found]


def nstout_from_mdconfig(mdconfig: MDConfig, output_traj_type: str) -> int:
    """MD steps between two frames of a trajectory of this type.

    Raises
    ------
    ValueError
        None would be written.
    """
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
    return _parameters(mdconfig).ensure_options(genvel, continuation)


def _checked(engine: Any) -> MDEngine | type[MDEngine]:
    if isinstance(engine, MDEngine) or (isinstance(engine, type) and issubclass(engine, MDEngine)):
        return engine
    raise TypeError(f"engine={engine!r} has to be an engine, or the class of one.")


def _parameters(mdconfig: Any) -> MDConfig:
    if isinstance(mdconfig, MDConfig):
        return mdconfig
    raise TypeError(f"mdconfig={mdconfig!r} has to be a parameter file, such as MDP('md.mdp').")
