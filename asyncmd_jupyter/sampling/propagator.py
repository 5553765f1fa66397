"""What all propagators have in common: their engine, its files, and taking these away."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.command import CommandEngine, check_walltime
from asyncmd_jupyter.engines.files import checked_files
from asyncmd_jupyter.frames.atomic import check_free
from asyncmd_jupyter.frames.formats import output_format
from asyncmd_jupyter.frames.selection import check_trajectory
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.removal import remove_files_of_parts
from asyncmd_jupyter.sampling.simulation import Simulation

_CONCATENATE_KWARGS = ("struct_out", "overwrite")


class TrajectoryPropagator(ABC):
    """Base of propagators.

    Parameters
    ----------
    engine_cls : type
        Class of the engine.
    engine_kwargs : Mapping
        Arguments for making one.
    walltime_per_part : float
        Hours.
    """

    def __init__(
        self,
        *,
        engine_cls: type[MDEngine],
        engine_kwargs: Mapping[str, Any],
        walltime_per_part: float,
    ) -> None:
        _check_engine(engine_cls, engine_kwargs)
        if walltime_per_part is None:
            raise TypeError("walltime_per_part=None has to be a number of hours.")
        check_walltime(walltime_per_part)
        self.engine_cls = engine_cls
        self.engine_kwargs = dict(engine_kwargs)
        self.walltime_per_part = walltime_per_part
        self.job_tags: Mapping[str, str] = {}
        self._original: tuple[MDEngine, int] | None = None

    @classmethod
    def from_engine(cls, engine: MDEngine, *goal: Any, index: int = 0, **parameters: Any) -> Self:
        """Propagate with clones of an engine, which is not touched.

        Parameters
        ----------
        engine : MDEngine
        *goal
            What the class takes first: conditions or a number of steps.
        index : int
            Of the clone: walkers with different indices get different random numbers.
        **parameters
            The other parameters of the class.
        """
        if not isinstance(engine, MDEngine):
            raise TypeError(f"{engine!r} is no engine. Give one, or engine_cls to the class.")
        made = cls(*goal, engine_cls=type(engine), engine_kwargs={}, **parameters)
        made._original = engine, index
        return made

    @abstractmethod
    async def propagate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        continuation: bool = False,
    ) -> Any:
        """Compute parts from the first frame of a configuration."""

    @abstractmethod
    async def cut_and_concatenate(
        self, trajs: Sequence[Trajectory], tra_out: str | PathLike[str], **concatenate_kwargs: Any
    ) -> Any:
        """Join parts up to and with the last frame that is wanted."""

    async def remove_parts(
        self,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        file_endings_to_remove: Sequence[str] | None = None,
        remove_mda_offset_and_lock_files: bool = True,
        remove_asyncmd_npz_caches: bool = True,
    ) -> None:
        """Remove the files of the parts of one simulation, and no others.

        Parameters
        ----------
        workdir : path
        deffnm : str
            What the names of the parts begin with.
        file_endings_to_remove : list of str, optional
            Such as ``["trajectories", "log"]``, where ``"trajectories"`` stands for the
            engine's `output_traj_type`. By default everything that belongs to the parts.
        remove_mda_offset_and_lock_files : bool
            Whether what MDAnalysis keeps beside the trajectories goes too.
        remove_asyncmd_npz_caches : bool
            Whether the values that are kept beside the trajectories go too.

        Raises
        ------
        EngineError
            If a job still writes these parts.
        """
        await remove_files_of_parts(
            self._new_engine(),
            checked_files(workdir, deffnm),
            endings=file_endings_to_remove,
            offsets=remove_mda_offset_and_lock_files,
            caches=remove_asyncmd_npz_caches,
        )

    def _new_engine(self) -> MDEngine:
        if self._original is not None:
            engine, index = self._original
            made = engine.clone(index)
        else:
            made = self.engine_cls(**self.engine_kwargs)
        if isinstance(made, CommandEngine):
            made.job_tags = self.job_tags
        return made

    def _simulation(
        self, engine: MDEngine, workdir: str | PathLike[str], deffnm: str
    ) -> Simulation:
        return Simulation.of(engine, checked_files(workdir, deffnm))


def start_of(engine: MDEngine, start: StartingConfiguration) -> Trajectory | None:
    """The start as a trajectory; None if only the program knows how to read it."""
    if not (start is None or isinstance(start, Trajectory | str | PathLike)):
        raise TypeError(
            f"starting_configuration={start!r} has to be a Trajectory, the path of a file, or None."
        )
    return engine.start_as_trajectory(start)


def check_parts(trajs: Sequence[Trajectory]) -> None:
    """Refuse what is no list of trajectories."""
    if isinstance(trajs, Trajectory):
        raise TypeError("Put the trajectory into a list: trajs=[trajectory].")
    for trajectory in trajs:
        check_trajectory(trajectory, "Each of trajs")


def check_output(tra_out: str | PathLike[str], concatenate_kwargs: Mapping[str, Any]) -> None:
    """Refuse what could not be written once all MD is done.

    Raises
    ------
    TypeError
        For arguments that `TrajectoryConcatenator.concatenate` does not know.
    FileExistsError, FileNotFoundError
        For files that are in the way, or a folder that is missing.
    ValueError
        For an ending that is no format of trajectories.
    """
    if unknown := concatenate_kwargs.keys() - set(_CONCATENATE_KWARGS):
        raise TypeError(
            f"{', '.join(sorted(unknown))}: concatenate takes only "
            f"{' and '.join(_CONCATENATE_KWARGS)} in addition."
        )
    structure = concatenate_kwargs.get("struct_out")
    for path in (tra_out, *(() if structure is None else (structure,))):
        check_free(Path(path), overwrite=bool(concatenate_kwargs.get("overwrite")))
    output_format(Path(tra_out))


def whole_limit(name: str, value: Any, least: int) -> int:
    """A number of steps or frames.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or too small.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}={value!r} has to be a whole number.")
    if value < least:
        raise ValueError(f"{name}={value!r} has to be at least {least}.")
    return int(value)


def _check_engine(engine_cls: Any, engine_kwargs: Any) -> None:
    if not isinstance(engine_cls, type):
        raise TypeError(
            f"engine_cls={engine_cls!r} has to be the class of an engine. For an engine that is "
            "made already there is from_engine."
        )
    if not isinstance(engine_kwargs, Mapping):
        raise TypeError(f"engine_kwargs={engine_kwargs!r} has to be a dict of arguments.")
