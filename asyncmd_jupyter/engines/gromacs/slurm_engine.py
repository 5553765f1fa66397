"""GROMACS in Slurm under the name and with the defaults that downstream packages know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from asyncmd_jupyter.engines.attributes import argument_of, default_of_class
from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.keywords import check_keywords


class SlurmGmxEngine(GmxEngine):
    """A `GmxEngine` that runs in Slurm.

    It is ``GmxEngine(…, launcher="slurm")`` with an ``mdrun`` for many nodes and a little
    time left for its end.

    Parameters
    ----------
    mdconfig, gro_file, top_file
        As for `GmxEngine`.
    sbatch_script : str or path, optional
        Text or path of a script in which ``{mdrun_cmd}`` stands for the command.
    sbatch_options : Mapping, optional
        Long names of options of sbatch to their values.
    mdrun_executable : str or list of str
        Such as ``"srun gmx_mpi mdrun"``.
    mdrun_time_conversion_factor : float
        ``mdrun`` is told this share of the wall time, which is the job's time limit.
    **options
        Further arguments of `GmxEngine`.
    """

    mdrun_executable = argument_of(GmxEngine, "mdrun_executable").with_default("gmx_mpi mdrun")
    mdrun_time_conversion_factor = argument_of(
        GmxEngine, "mdrun_time_conversion_factor"
    ).with_default(0.99)

    def __init__(
        self,
        mdconfig: MDP,
        gro_file: str | PathLike[str],
        top_file: str | PathLike[str],
        *,
        sbatch_script: str | PathLike[str] | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
        mdrun_executable: str | Sequence[str] = default_of_class("gmx_mpi mdrun"),
        mdrun_time_conversion_factor: float = default_of_class(0.99),
        launcher: str = "slurm",
        **options: Any,
    ) -> None:
        check_keywords(type(self), GmxEngine, options)
        super().__init__(
            mdconfig,
            gro_file,
            top_file,
            sbatch_script=sbatch_script,
            sbatch_options=sbatch_options,
            mdrun_executable=mdrun_executable,
            mdrun_time_conversion_factor=mdrun_time_conversion_factor,
            launcher=launcher,
            **options,
        )
