"""Engines that run programs as jobs: where they run, and what a program has to say of itself."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.part import last_words, run_to_the_end
from asyncmd_jupyter.engines.placement import Placement
from asyncmd_jupyter.engines.plan import OnDisk, PartPlan
from asyncmd_jupyter.engines.velocities import StartVelocities
from asyncmd_jupyter.jobs.manager import Job
from asyncmd_jupyter.jobs.model import Command, Resources


class PlacedEngine(MDEngine):
    """The half of `CommandEngine` that knows no simulation.

    Parameters
    ----------
    launcher : str, optional
        Name of the launcher that runs the jobs, such as ``local`` or ``slurm``. Without it:
        Slurm if there is something for it, else this machine.
    sbatch_script : str or path, optional
        Text or path of a script for Slurm, in which ``{mdrun_cmd}`` stands for the command.
    sbatch_options : Mapping, optional
        Long names of options of sbatch to their values, empty for those without value.

    Attributes
    ----------
    job_tags : Mapping
        Added to the tags of all jobs.
    """

    job_tags: Mapping[str, str]

    def __init__(
        self,
        *,
        launcher: str | None = None,
        sbatch_script: str | PathLike[str] | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._place = Placement.of(launcher, sbatch_script, sbatch_options)
        self.job_tags = {}

    # Where its jobs run

    @property
    def launcher(self) -> str:
        """Name of the launcher that runs the jobs."""
        return self._place.launcher

    @launcher.setter
    def launcher(self, name: str) -> None:
        self._place = self._place.at(name)

    @property
    def sbatch_script(self) -> str | PathLike[str] | None:
        """Text or path of the script for Slurm; it is read when it is set."""
        return self._place.script

    @sbatch_script.setter
    def sbatch_script(self, script: str | PathLike[str] | None) -> None:
        self._place = self._place.with_script(script)

    @property
    def sbatch_options(self) -> dict[str, str]:
        """Options of sbatch; a copy, to be set as a whole."""
        return dict(self._place.options)

    @sbatch_options.setter
    def sbatch_options(self, options: Mapping[str, Any] | None) -> None:
        self._place = self._place.with_options(options)

    @property
    def takes_cores_here(self) -> bool:
        """Whether its jobs share the cores of this machine."""
        return self._place.is_local

    def placed(self, command: Command, needs: Resources) -> tuple[Command, Resources]:
        """A command and its resources with the script and the options of this engine."""
        return self._place.command(command), self._place.resources(needs)

    # What a program has to say

    @abstractmethod
    def _write_inputs(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        """Check the start and write what the parts need (called in a thread).

        Tells what is done about the velocities of the start.
        """

    def _check_same(self, files: EngineFiles) -> None:
        """Make ready to go on with what an equal engine has begun (called in a thread)."""
        self._refuse_other_engine(files)
        self._take_over(files)

    @abstractmethod
    def _refuse_other_engine(self, files: EngineFiles) -> None:
        """Compare with the engine that has begun a simulation; changes nothing.

        Raises
        ------
        EngineError
            Naming what differs.
        """

    @abstractmethod
    def _take_over(self, files: EngineFiles) -> None:
        """Remember what the engine that has begun a simulation has left for those that go on."""

    @abstractmethod
    def _read_disk(self, files: EngineFiles) -> OnDisk:
        """Read how far the simulation has come (called in a thread).

        Raises
        ------
        EngineError
            If it can't be gone on with.
        """

    @abstractmethod
    def _mend(self, files: EngineFiles) -> None:
        """Cut torn frames off files that nobody writes any more (called in a thread)."""

    @abstractmethod
    def _write_part_inputs(self, files: EngineFiles, plan: PartPlan) -> None:
        """Write what one part needs, mend what an interrupted one left (in a thread)."""

    @abstractmethod
    def _run_command(self, files: EngineFiles, plan: PartPlan) -> Command:
        """The command of one part."""

    @abstractmethod
    def _structure_file(self, files: EngineFiles) -> Path:
        """The structure that belongs to the parts."""

    @abstractmethod
    def _resources(self) -> Resources:
        """What a job of this engine needs."""

    @classmethod
    @abstractmethod
    def _structure_in_folder(cls, files: EngineFiles) -> Path:
        """The structure that belongs to the parts of some engine of this class."""

    def _refuse_foreign_files(self, files: EngineFiles) -> None:
        """Keep off files that have the names of ours and are a person's (called in a thread).

        Raises
        ------
        ValueError
            Naming one that would be written over.
        """

    async def _make_ready(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        """Check the start and write what the parts need, with commands if it takes some."""
        return await asyncio.to_thread(self._write_inputs, files, start, velocities)

    def _stopped_well(self, job: Job) -> bool:
        """Whether the program of a failed job has only obeyed a signal."""
        return False

    def _last_words(self, job: Job) -> str:
        """What the program of a failed job said in the end."""
        return last_words(job)

    async def _run_to_the_end(
        self, command: Command, name: str, needs: Resources, words: Callable[[Job], str]
    ) -> None:
        """Run a command that belongs to no part, where the parts run."""
        place = self._place
        await run_to_the_end(
            place.command(command),
            name,
            place.resources(needs),
            place.launcher,
            words,
            self.job_tags,
        )
