"""Configurations that GROMACS makes without MD."""

from __future__ import annotations

import asyncio
import os
import shutil
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.engines.configuration_output import ConfigurationOutput, files_of_start
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.gromacs import commands, parameters
from asyncmd_jupyter.engines.gromacs.inputs import GmxInputs
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.rotation import OPTION, own_references
from asyncmd_jupyter.engines.gromacs.start import (
    digest_of_start,
    has_velocities,
    read_start,
    with_box,
    without_velocities,
    write_start,
)
from asyncmd_jupyter.engines.gromacs.thermostat import generates_velocities
from asyncmd_jupyter.engines.gromacs.threads import OMP
from asyncmd_jupyter.engines.gromacs.told import drawn_seeds, facts_in_log
from asyncmd_jupyter.engines.locks import SimulationLocks
from asyncmd_jupyter.engines.part import run_to_the_end
from asyncmd_jupyter.engines.streams import Stream
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.mdanalysis import count_atoms
from asyncmd_jupyter.frames.read import Frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import Command, Resources

_MANY_LINES = 400


class GmxConfigurations(GmxInputs):
    """The part of `GmxEngine` that runs ``grompp``, and ``mdrun`` for no time."""

    _launcher_of_grompp = "local"

    async def apply_constraints(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with all constraints fulfilled.

        Parameters
        ----------
        conf_in : Trajectory, path or None
            None stands for the engine's own structure.
        conf_out_name : path
            File to be written, replaced if it exists; its ending says the format, ``.trr``
            if it has none. A format without room for velocities is refused where there are
            some.
        workdir : path
            Folder for files that are needed on the way.
        """
        make = parameters.of_zero_steps
        return await self._new_configuration("constraints", make, conf_in, conf_out_name, workdir)

    async def generate_velocities(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with new Maxwell-Boltzmann velocities.

        They are drawn at the engine's `temperature` (where ``gen-temp`` and the thermostat's
        ``ref-t`` are different, it is said which it is), fulfil the constraints and have no
        motion of the centre of mass. With a fixed ``gen-seed`` a script
        that is run again gets the same ones, but no two calls do; see `GmxEngine`. Parameters are
        those of `apply_constraints`.
        """
        number = self._number(Path(str(conf_out_name)).stem, conf_in)
        if self.temperature_note:
            warnings.warn(self.temperature_note, stacklevel=2)
        n_atoms = await asyncio.to_thread(self._n_drawn)

        def make(mdp: MDP) -> MDP:
            return parameters.with_velocities(parameters.of_zero_steps(mdp), n_atoms)

        names = (conf_out_name, workdir)
        return await self._new_configuration("velocities", make, conf_in, *names, number)

    def has_velocities(self, start: StartingConfiguration) -> bool:
        """Whether a simulation from a start begins with its velocities; reads it."""
        if start is None and generates_velocities(self._mdp):
            return False
        return has_velocities(read_start(start, self._gro), self._gro)

    def _n_drawn(self) -> int | None:
        """Number of atoms that get velocities: those with a mass; blocks."""
        try:
            return int(np.count_nonzero(self._read_run_input().masses))
        except (EngineError, OSError, ValueError):  # grompp says it again, if that is why
            return self.n_atoms or count_atoms(self._gro)

    async def minimize(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
        max_steps: int = 5000,
    ) -> Trajectory:
        """Write a minimum of the energy near the first frame of `conf_in`.

        By steepest descents, down to ``emtol`` or after `max_steps`. Other parameters are
        those of `apply_constraints`. The result has no velocities.
        """
        make = partial(parameters.of_minimization, n_steps=max_steps)
        return await self._new_configuration("minimize", make, conf_in, conf_out_name, workdir)

    async def _new_configuration(
        self,
        action: str,
        make: Callable[[MDP], MDP],
        start: StartingConfiguration,
        name: str | PathLike[str],
        workdir: str | PathLike[str],
        number: int = 0,
    ) -> Trajectory:
        inputs = [*self.input_files, *files_of_start(start)]
        output = await asyncio.to_thread(ConfigurationOutput.of, name, workdir, inputs)
        target = output.path
        structure = start.structure_path if isinstance(start, Trajectory) else self._gro
        await asyncio.to_thread(self._check_programs)
        folder = output.scratch / f".{target.stem}.{os.urandom(4).hex()}"
        files = EngineFiles(output.scratch, f"{folder.name}/conf")
        try:
            frame, stream = await asyncio.to_thread(self._begun, target.stem, start, number)
            mdp = make(parameters.with_stream(self._mdp, stream))
            moving = await asyncio.to_thread(self._write_configuration_inputs, files, mdp, frame)
            moving = action != "minimize" and (moving or action == "velocities")
            output.check_velocities(moving)
            seeds = await self._run_grompp(files, start, target.stem)
            await self._run_single(files, target.stem)
            told = await asyncio.to_thread(facts_in_log, files.path("log"))
            used = self._seeds_for_record(parameters.seeds_of(mdp), stream)
            told = replace(told, seeds={**used, **seeds})
            if not moving:
                await asyncio.to_thread(without_velocities, files.path("trr"))
            await asyncio.to_thread(output.publish, files.path("trr"), structure)
            await asyncio.to_thread(self._record_configuration, target, action, start, told)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return Trajectory(target, structure, nstout=1)

    def _begun(
        self, name: str, start: StartingConfiguration, number: int
    ) -> tuple[Frame | None, Stream]:
        """The start of a simulation or configuration and its stream of random numbers."""
        self.check_start(start)
        frame = self._read_start(start)
        return frame, self._begin_stream(name, start, digest_of_start(frame, self._gro), number)

    def _write_configuration_inputs(
        self, files: EngineFiles, mdp: MDP, frame: Frame | None
    ) -> bool:
        """Write them; tells whether the start has velocities."""
        files.path("mdp").parent.mkdir(mode=0o700)
        mdp.write(files.path("mdp"), overwrite=True)
        if frame is not None:
            write_start(start_file(files), frame)
        return has_velocities(frame, self._gro)

    def _read_start(self, start: StartingConfiguration) -> Frame | None:
        """Read the first frame of a start; None stands for the structure file itself."""
        frame = read_start(start, self._gro)
        periodic = parameters.is_periodic(self._mdp)
        return with_box(frame, start, self._gro) if periodic else frame

    async def _run_single(self, files: EngineFiles, name: str) -> None:
        threads = self._threads()
        argv = (*self._mdrun, *commands.mdrun_files(files.deffnm), *threads.options)
        if parameters.rotates(self._mdp):
            argv += commands.rotation_outputs(files.deffnm)
        env = {**commands.NO_LITTER, OMP: "1", **threads.env}
        command = Command((*argv, *self._mdrun_args), files.workdir, env)
        cores = Resources(cores=threads.cores or 1)
        await self._run_to_the_end(command, name, cores, self._last_words)

    async def _run_grompp(
        self, files: EngineFiles, start: StartingConfiguration, name: str, party: str = ""
    ) -> dict[str, Any]:
        """Make the run input; returns the seeds that were drawn for it."""
        command = self._grompp_command(files, start)
        where = self._launcher_of_grompp
        needs = Resources(party=party)
        words, tags = self._last_words, self.job_tags
        async with self._own_references(files, name if party else ""):
            job = await run_to_the_end(command, f"{name}.grompp", needs, where, words, tags)
        return drawn_seeds(await asyncio.to_thread(job.tail, _MANY_LINES, "stdout"))

    @asynccontextmanager
    async def _own_references(self, files: EngineFiles, name: str) -> AsyncIterator[None]:
        """One after the other where ``grompp`` uses a file whose name can't be chosen."""
        if not parameters.rotates(self._mdp) or OPTION in self._grompp_args:
            yield
            return
        async with SimulationLocks.current().of(EngineFiles(files.workdir, "rotref")):
            with own_references(files.workdir, name):
                yield

    def _grompp_command(self, files: EngineFiles, start: StartingConfiguration) -> Command:
        argv = commands.grompp_argv(
            self._grompp,
            self._grompp_args,
            name=files.deffnm,
            structure=self._gro,
            topology=self._top,
            index=self._ndx,
            start=None if start is None else start_name(files),
        )
        return Command(argv, files.workdir, commands.NO_LITTER)


def start_name(files: EngineFiles) -> str:
    """Name of the file in which ``grompp`` finds the start."""
    folder, slash, name = files.deffnm.rpartition("/")
    return f"{folder}{slash}.{name}.start.trr"


def start_file(files: EngineFiles) -> Path:
    """The file in which ``grompp`` finds the start."""
    return files.workdir / start_name(files)
