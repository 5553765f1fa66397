"""Find the parts of a simulation without an engine."""

from __future__ import annotations

from os import PathLike

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.files.retrying import in_thread
from asyncmd_jupyter.frames.trajectory import Trajectory


async def get_all_traj_parts(
    folder: str | PathLike[str], deffnm: str, traj_type: str = "TRR"
) -> list[Trajectory]:
    """All parts with frames of one simulation, in order.

    Parameters
    ----------
    folder : path
    deffnm : str
        What the names of its files begin with.
    traj_type : str
        ``"TRR"`` or ``"XTC"``.
    """
    return await in_thread(folder, GmxEngine.parts_in_folder, folder, deffnm, traj_type)


async def get_all_file_parts(
    folder: str | PathLike[str], deffnm: str, file_ending: str
) -> list[str]:
    """Paths of the files ``deffnm.partNNNN.file_ending`` in a folder, in order of the parts."""
    found = await in_thread(folder, GmxEngine.files_of_parts, folder, deffnm, file_ending)
    return [str(path) for path in found]
