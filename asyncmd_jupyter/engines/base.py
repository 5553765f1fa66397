"""The contract of MD engines, and the half of it that all programs share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.attributes import Argument, KnownAttributes, default_property
from asyncmd_jupyter.engines.energies.growing import EnergyFormat, PartEnergies
from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.engines.files import EngineFiles, check_deffnm, checked_folder, checked_path
from asyncmd_jupyter.engines.mdconfig import MDConfig
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

# Formats that hold no names of atoms, so that they can't be their own structure.
WITHOUT_NAMES = (".trr", ".xtc", ".dcd", ".ncdf", ".nc", ".inpcrd", ".rst7")

StartingConfiguration = Trajectory | str | PathLike[str] | None


def check_kind_of_start(start: Any) -> None:
    """Refuse what can be no start.

    Raises
    ------
    TypeError, ValueError
    """
    if start is not None and not isinstance(start, Trajectory):
        try:
            checked_path("starting_configuration", start)
        except TypeError as error:
            raise TypeError(
                f"starting_configuration={start!r} has to be a Trajectory, a path or None."
            ) from error


def known_nstout(engine: MDEngine) -> int:
    """MD steps between two frames; 0 where an engine of somebody else does not say."""
    try:
        return engine.nstout
    except NotImplementedError:
        return 0


class OutputTrajType(Argument):
    """The ending of trajectories, which can be changed until there are some.

    Parameters
    ----------
    default : str
    types : tuple of str
        Those that the program can write.
    """

    def __init__(self, default: str, types: tuple[str, ...]) -> None:
        super().__init__(default, self._checked)
        self._types = types

    def __set__(self, engine: Any, value: Any) -> None:
        checked = self._checked(self._name, value)
        if checked != self.__get__(engine):
            engine._check_new_traj_type(checked)
        super().__set__(engine, checked)

    def _checked(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or value.lower() not in self._types:
            known = " or ".join(map(repr, self._types))
            raise ValueError(f"{name}={value!r} has to be {known}.")
        return value.lower()


class MDEngine(KnownAttributes, ABC):
    """What sampling needs of an MD program.

    An engine has the parameters of a simulation and, once prepared, computes it part by
    part. Steps are counted from the preparation over all parts, times in ps.

    Attributes
    ----------
    output_traj_type : str
        Ending of the trajectories.
    endings_of_parts : tuple of str
        Endings of all files that it may write for a part, in addition to the trajectory;
        one that begins with an underscore follows the number of the part at once. Files
        with others are never taken away together with the parts.
    program : str
        What people call the MD program.
    energy_format : EnergyFormat or None
        How energies are written beside the trajectories of the parts; None if they are not.
    """

    output_traj_type: Any = "trr"
    program: ClassVar[str] = ""
    endings_of_parts: ClassVar[tuple[str, ...]] = ("trr", "xtc", "edr", "log")
    energy_format: ClassVar[EnergyFormat | None] = None

    @abstractmethod
    async def apply_constraints(
        self,
        conf_in: Trajectory,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with all constraints fulfilled.

        Parameters
        ----------
        conf_in : Trajectory
        conf_out_name : path
            File to be written, relative to the current directory like any other.
        workdir : path
            Folder for files that are needed on the way.
        """

    async def generate_velocities(
        self,
        conf_in: Trajectory,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with new Maxwell-Boltzmann velocities.

        They fulfil the constraints, and the motion of the centre of mass is removed where
        `removes_com` says so.
        """
        raise NotImplementedError(_lacks(self, "generate_velocities"))

    @abstractmethod
    async def prepare(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        velocities: str = "keep",
    ) -> None:
        """Make ready to start from the first frame of a configuration.

        Parameters
        ----------
        starting_configuration : Trajectory, path or None
            None stands for what the engine was made with.
        workdir : path
        deffnm : str
        velocities : str
            ``keep``: those of the start; where it has none they are drawn, which a
            `DrawnVelocitiesWarning` says if it is a frame of a trajectory. ``new``: drawn in
            any case, as `generate_velocities` does it. What was drawn is in the record of
            origin.

        Raises
        ------
        ValueError
            If `workdir` has parts of this name already.
        """

    @abstractmethod
    async def prepare_from_files(self, workdir: str | PathLike[str], deffnm: str) -> None:
        """Make ready to go on after the last part in `workdir`."""

    @abstractmethod
    async def run(
        self,
        nsteps: int | None = None,
        walltime: float | None = None,
        steps_per_part: bool = False,
    ) -> Trajectory | None:
        """Compute the next part.

        Parameters
        ----------
        nsteps : int, optional
            MD steps, a multiple of `nstout`: in total since the preparation, or of this
            part with `steps_per_part`.
        walltime : float, optional
            Hours after which the part ends.
        steps_per_part : bool

        Returns
        -------
        Trajectory or None
            None when nothing was left to do.

        Raises
        ------
        ValueError
            Neither limit given, or steps that are no multiple of `nstout` or done already.
        RuntimeError
            Before a preparation.
        EngineCrashedError
            With the program's last words.
        """

    async def run_steps(self, nsteps: int, steps_per_part: bool = False) -> Trajectory | None:
        """Compute a part of `nsteps` steps, or up to `nsteps` in total; see `run`."""
        return await self.run(nsteps=nsteps, steps_per_part=steps_per_part)

    async def run_walltime(
        self, walltime: float, max_steps: int | None = None
    ) -> Trajectory | None:
        """Compute a part of `walltime` hours, at most up to `max_steps` in total; see `run`."""
        return await self.run(nsteps=max_steps, walltime=walltime)

    async def trajectory_parts(self) -> list[Trajectory]:
        """All parts with frames of the prepared simulation, in order."""
        raise NotImplementedError(f"{type(self).__name__} can't list its parts.")

    @classmethod
    def files_of_parts(
        cls, folder: str | PathLike[str], deffnm: str, file_ending: str
    ) -> list[Path]:
        """Files ``deffnm.partNNNN.file_ending`` in a folder, in the order of the parts."""
        check_deffnm(deffnm)
        files = EngineFiles(checked_folder("folder", folder), deffnm)
        if not isinstance(file_ending, str) or not file_ending.strip("."):
            raise ValueError(f"file_ending={file_ending!r} has to be one, such as 'edr'.")
        return list(files.parts(file_ending.removeprefix(".")).values())

    @classmethod
    def parts_in_folder(
        cls, folder: str | PathLike[str], deffnm: str, traj_type: str | None = None
    ) -> list[Trajectory]:
        """All parts with frames in a folder, in order, without preparing an engine.

        Parameters
        ----------
        folder : path
        deffnm : str
        traj_type : str, optional
            Of engines that write another one than their class does by default.
        """
        raise NotImplementedError(f"{cls.__name__} can't list the parts in a folder.")

    @classmethod
    def energies_in_folder(cls, folder: str | PathLike[str], deffnm: str) -> EnergyTable:
        """Energies, temperature, density and more that the program wrote, over all parts.

        Reads files, which blocks. Whole rows only, also of a part that is being computed; steps
        that were computed again after an interruption are there once.

        Parameters
        ----------
        folder : path
        deffnm : str

        Returns
        -------
        EnergyTable
            With times as the program says them.

        Raises
        ------
        NotImplementedError
            The engine does not say how energies are written.
        FileNotFoundError, NotADirectoryError, ValueError

        Examples
        --------
        >>> from asyncmd_jupyter.gromacs import GmxEngine
        >>> GmxEngine.energies_in_folder(".", "production")
        <EnergyTable: no rows, no columns>
        """
        check_deffnm(deffnm)
        return cls.energies_of(EngineFiles(checked_folder("folder", folder), deffnm)).read()

    @classmethod
    def energies_of(cls, files: EngineFiles) -> PartEnergies:
        """Reads the energies of a simulation again and again; see `energies_in_folder`."""
        if cls.energy_format is None:
            raise NotImplementedError(
                f"{cls.__name__} does not say how energies are written: give it 'energy_format', "
                "as in MDEngine."
            )
        return PartEnergies(files, cls.energy_format)

    @classmethod
    def extra_files_of_parts(cls, folder: str | PathLike[str], deffnm: str) -> list[Path]:
        """Files of the parts that have other names than ``deffnm.partNNNN.…``."""
        return []

    def start_as_trajectory(self, start: StartingConfiguration) -> Trajectory | None:
        """A start whose first frame conditions can be asked about.

        None if only the program can read it.
        """
        check_kind_of_start(start)
        if start is None or isinstance(start, Trajectory):
            return start
        made = Trajectory(start, start)  # says what is wrong with the file
        return None if made.paths[0].suffix.lower() in WITHOUT_NAMES else made

    @property
    @abstractmethod
    def current_trajectory(self) -> Trajectory | None:
        """The last finished part."""

    @property
    @abstractmethod
    def steps_done(self) -> int:
        """MD steps since the preparation, over all parts."""

    @default_property
    def frames_done(self) -> int:
        """Frames written since the preparation, over all parts."""
        raise NotImplementedError(_lacks(self, "frames_done"))

    @default_property
    def nstout(self) -> int:
        """MD steps between two frames."""
        config = getattr(self, "mdconfig", None)
        if isinstance(config, MDConfig):
            return config.nstout(self.output_traj_type)
        last = self.current_trajectory
        if last is None or last.nstout is None:
            raise NotImplementedError(_lacks(self, "nstout"))
        return last.nstout

    @default_property
    def dt(self) -> float:
        """MD time step in ps.

        Where `has_fixed_dt` is false, the mean of the steps done; nan before the first.
        """
        last = self.current_trajectory
        if last is None or not last.nstout or not last.dt:
            raise NotImplementedError(_lacks(self, "dt"))
        return last.dt / last.nstout

    @default_property
    def has_fixed_dt(self) -> bool:
        """Whether all MD steps are as long, so that a number of steps is a time."""
        return True

    @default_property
    def time_done(self) -> float:
        """Simulated time in ps since the preparation, over all parts."""
        return self.steps_done * self.dt

    def check_start(self, starting_configuration: StartingConfiguration) -> None:
        """Refuse a start that can't be used, as far as that is known without much reading.

        Raises
        ------
        ValueError
            Such as for another number of atoms.
        """

    def has_velocities(self, start: StartingConfiguration) -> bool:
        """Whether a simulation from a start begins with its velocities; reads it."""
        trajectory = self.start_as_trajectory(start)
        return trajectory is not None and read_frame(trajectory, 0).velocities is not None

    @default_property
    def n_atoms(self) -> int | None:
        """Atoms of the system; None if the engine does not know."""
        return None

    @default_property
    def input_files(self) -> tuple[Path, ...]:
        """Files of the user that the engine reads, which nothing may write over."""
        return ()

    @default_property
    def system_text(self) -> str:
        """How interactions are computed, in words, as a dry run tells it; empty if unknown."""
        return ""

    @default_property
    def temperature(self) -> float | None:
        """In K, of velocities that are drawn; None if the engine knows none."""
        return None

    @default_property
    def temperature_note(self) -> str:
        """What users should know who get velocities at `temperature`; empty if nothing.

        Such as that a thermostat keeps another temperature.
        """
        return ""

    @default_property
    def has_noise(self) -> bool:
        """Whether random numbers act on all atoms in each step, or every few.

        Without, simulations from one start and its velocities are alike, or stay so for a
        while: collisions and moves of a barostat come now and then only.
        """
        return True

    @default_property
    def masses(self) -> NDArray[np.float64]:
        """Masses of all atoms in amu, shape (n_atoms,), as the program uses them.

        Particles without mass, such as virtual sites, have 0. The array can't be changed.

        Raises
        ------
        NotImplementedError
            If the engine does not know them.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not know the masses of its atoms: give it a property "
            "'masses', an array in amu with one number for each atom."
        )

    @default_property
    def constraints(self) -> NDArray[np.int64] | None:
        """Pairs of atoms whose distance is fixed, shape (n_constraints, 2).

        None if they are not known, or if masses and constraints do not say all that new
        velocities have to fulfil: then only `generate_velocities` can draw them.
        """
        return None

    @default_property
    def removes_com(self) -> bool:
        """Whether new velocities have no motion of the centre of mass."""
        return True

    def keeping_velocities(self) -> Self:
        """An engine like this one that begins with the velocities of its start."""
        return self

    def clone(self, index: int = 0) -> Self:
        """An unprepared engine with the same parameters.

        Engines with a fixed seed give each `index` another stream of random numbers, so
        that walkers from one start differ. Clones of one index count as one engine.
        """
        raise NotImplementedError(f"{type(self).__name__} can't be cloned.")


def _lacks(engine: MDEngine, name: str) -> str:
    return f"{type(engine).__name__} has no {name!r}: add it to the class, as in MDEngine."
