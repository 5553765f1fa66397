"""What all propagators have in common: their engine, its files, and taking these away."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Self

from asyncmd_jupyter.engines.attributes import KnownAttributes
from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration, check_kind_of_start
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.engines.files import EngineFiles, checked_files
from asyncmd_jupyter.engines.streams import StreamRegistry
from asyncmd_jupyter.engines.velocities import check_velocities
from asyncmd_jupyter.frames.inputs import check_atoms_of_structure
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.arguments import check_engine, checked_hours
from asyncmd_jupyter.sampling.in_use import SimulationsInUse
from asyncmd_jupyter.sampling.output import check_is_no_part, check_output
from asyncmd_jupyter.sampling.removal import remove_files_of_parts
from asyncmd_jupyter.sampling.simulation import Simulation


class TrajectoryPropagator(KnownAttributes, ABC):
    """Base of propagators.

    Parameters
    ----------
    engine_cls : type
        Class of the engine.
    engine_kwargs : Mapping
        Arguments for making one.
    walltime_per_part : float
        Hours.

    Attributes
    ----------
    trusts_start : bool
        Whether it is known that parts on disk were begun from the start that is given.
    """

    job_tags: Mapping[str, str]
    tells_of_velocities: bool
    trusts_start: bool

    def __init__(
        self,
        *,
        engine_cls: type[MDEngine],
        engine_kwargs: Mapping[str, Any],
        walltime_per_part: float,
    ) -> None:
        check_engine(engine_cls, engine_kwargs)
        self._engine_cls = engine_cls
        self._engine_kwargs = dict(engine_kwargs)
        self._original: tuple[MDEngine, int] | None = None
        self.walltime_per_part = walltime_per_part
        self.job_tags = {}
        self.tells_of_velocities = True
        self.trusts_start = False
        self._streams = StreamRegistry()  # of engines made here, which are one for the user

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

    @property
    def engine_cls(self) -> type[MDEngine]:
        """Class of the engine."""
        return self._engine_cls

    @engine_cls.setter
    def engine_cls(self, engine_cls: type[MDEngine]) -> None:
        self._check_makes_engines("engine_cls")
        check_engine(engine_cls, self._engine_kwargs)
        self._engine_cls = engine_cls

    @property
    def engine_kwargs(self) -> dict[str, Any]:
        """Arguments with which engines are made."""
        return self._engine_kwargs

    @engine_kwargs.setter
    def engine_kwargs(self, engine_kwargs: Mapping[str, Any]) -> None:
        self._check_makes_engines("engine_kwargs")
        check_engine(self._engine_cls, engine_kwargs)
        self._engine_kwargs = dict(engine_kwargs)

    @property
    def walltime_per_part(self) -> float:
        """Hours."""
        return self._walltime_per_part

    @walltime_per_part.setter
    def walltime_per_part(self, hours: float) -> None:
        self._walltime_per_part = checked_hours(hours)

    def _check_makes_engines(self, name: str) -> None:
        if self._original is not None:
            raise AttributeError(
                f"{name} is without effect: this propagator clones {self._original[0]!r}. Make "
                "another one with from_engine."
            )

    async def check_same_start(
        self,
        start: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        velocities: str = "keep",
    ) -> None:
        """Refuse parts in a folder that were begun from another start, if there are any.

        Raises
        ------
        EngineError
            Naming both starts.
        """
        files = checked_files(workdir, deffnm)
        await Simulation.of(self._new_engine(), files).check_same_start(start, velocities)

    @abstractmethod
    async def propagate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        continuation: bool = False,
        velocities: str = "keep",
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
            If a job still writes these parts, or a task of this kernel works on them.
        """
        files = checked_files(workdir, deffnm)
        with SimulationsInUse.current().used(files, "cleared of parts"):
            await remove_files_of_parts(
                self._new_engine(),
                files,
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
                made.streams = self._streams
        if isinstance(made, CommandEngine):
            made.job_tags = self.job_tags
            made.tells_of_velocities = self.tells_of_velocities
        return made

    async def _prepare(
        self, engine: MDEngine, start: StartingConfiguration, files: EngineFiles, velocities: str
    ) -> None:
        # Engines of others need not know the keyword.
        known = {} if velocities == "keep" else {"velocities": velocities}
        await engine.prepare(start, files.workdir, files.deffnm, **known)

    @contextmanager
    def _at_work(self, engine: MDEngine, files: EngineFiles) -> Iterator[Simulation]:
        """Propagate within the block, which nobody else may do meanwhile."""
        simulation = Simulation.of(engine, files)
        with SimulationsInUse.current().used(files, "propagated"), simulation.announced():
            yield simulation

    async def _check_output(
        self,
        files: EngineFiles,
        start: StartingConfiguration,
        tra_out: Any,
        concatenate_kwargs: Mapping[str, Any],
    ) -> None:
        """Refuse what could not be written once all MD is done."""
        engine = self._new_engine()
        known = isinstance(engine, CommandEngine) and engine.structure_of(files).suffix.lower()
        inputs = [*engine.input_files, *_files_of(start)]
        check_output(tra_out, concatenate_kwargs, inputs=inputs, structure_ending=known or None)
        check_is_no_part(files, tra_out, concatenate_kwargs.get("structure_copy"))
        structure, n_atoms = concatenate_kwargs.get("struct_out"), engine.n_atoms
        if structure is not None and n_atoms is not None:
            owner = f"the engine's system ({type(engine).__name__})"
            await asyncio.to_thread(check_atoms_of_structure, Path(structure), n_atoms, owner)


def _files_of(start: Any) -> list[Path]:
    if isinstance(start, Trajectory):
        return [*start.paths, start.structure_path]
    return [Path(start)] if isinstance(start, str | PathLike) else []


def check_draws(engine: MDEngine, velocities: Any) -> None:
    """Refuse what is no way to get velocities, or one that the engine does not know.

    Raises
    ------
    ValueError, TypeError
    """
    check_velocities(velocities)
    if velocities == "keep":
        return
    parameters = inspect.signature(engine.prepare).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if "velocities" not in parameters and not takes_any:
        raise TypeError(
            f"velocities={velocities!r}: {type(engine).__name__}.prepare takes no such keyword. "
            "Add it there, or make the start with engine.generate_velocities."
        )


def start_of(engine: MDEngine, start: StartingConfiguration) -> Trajectory | None:
    """The start as a trajectory; None if only the program knows how to read it."""
    check_kind_of_start(start)
    return engine.start_as_trajectory(start)


def with_structure_of_parts(
    engine: MDEngine, files: EngineFiles, start: Trajectory | None
) -> Trajectory | None:
    """The start with the structure of the parts, once the engine is prepared."""
    if start is None or not isinstance(engine, CommandEngine):
        return start
    return Trajectory(start.paths, engine.structure_of(files))
