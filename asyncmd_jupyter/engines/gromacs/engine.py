"""MD with GROMACS: ``grompp`` and ``mdrun`` as jobs."""

from __future__ import annotations

import asyncio
import copy
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Self

from asyncmd_jupyter.engines.base import (
    OutputTrajType,
    StartingConfiguration,
    check_kind_of_start,
)
from asyncmd_jupyter.engines.command import CommandEngine, OnDisk, PartPlan
from asyncmd_jupyter.engines.files import EngineFiles, checked_files, checked_path
from asyncmd_jupyter.engines.gromacs import commands, parameters
from asyncmd_jupyter.engines.gromacs.disk import drop_after_checkpoint, mend_parts, read_disk
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_options import nstout_from_mdp
from asyncmd_jupyter.engines.gromacs.start import (
    at_rest,
    has_velocities,
    n_atoms_of,
    read_start,
    write_start,
)
from asyncmd_jupyter.engines.gromacs.threads import OMP, threads_of
from asyncmd_jupyter.engines.gromacs.words import deciding_words, has_obeyed_signal
from asyncmd_jupyter.engines.part import last_words, run_to_the_end
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import Job
from asyncmd_jupyter.jobs.model import Command, Resources

_MANY_LINES = 400
_STOPPED_BY_SIGNAL = (1, 2)


class GmxEngine(CommandEngine):
    """Runs GROMACS.

    Parameters
    ----------
    mdconfig : MDP
        Parameters; the object is copied. ``nsteps`` in it is ignored: `run` says how far.
    gro_file, top_file : path
        Structure and topology.
    ndx_file : path, optional
        Index groups.
    grompp_executable, mdrun_executable : str or list of str
        Programs with their first arguments, such as ``"mpirun -np 4 gmx_mpi mdrun"``.
    grompp_extra_args, mdrun_extra_args : str or list of str
        Further options; files in them are looked for from the work folder. The cores that a
        job takes are read from ``-nt``, ``-ntmpi``, ``-ntomp`` and the ranks of ``mpirun``;
        without any it gets a fair share of those allowed by `config.set_max_cores`.
    output_traj_type : str
        ``"xtc"`` (positions) or ``"trr"`` (velocities, too, as often as ``nstvout`` says).
    mdrun_time_conversion_factor : float
        ``mdrun`` is told this share of the wall time, to leave some for its last words.
    launcher : str
        Where ``mdrun`` runs; ``grompp`` always runs on this machine.

    Raises
    ------
    FileNotFoundError
        For files that do not exist.
    ValueError, TypeError
        For parameters that can't be run in parts, and options the engine sets itself.
    """

    output_traj_type = OutputTrajType("xtc")
    endings_of_parts = ("xtc", "trr", "edr", "log", "xvg", "_pullx.xvg", "_pullf.xvg")
    _launcher_of_grompp = "local"

    def __init__(
        self,
        mdconfig: MDP,
        gro_file: str | PathLike[str],
        top_file: str | PathLike[str],
        *,
        ndx_file: str | PathLike[str] | None = None,
        grompp_executable: str | Sequence[str] = "gmx grompp",
        mdrun_executable: str | Sequence[str] = "gmx mdrun",
        grompp_extra_args: str | Sequence[str] = "",
        mdrun_extra_args: str | Sequence[str] = "",
        output_traj_type: str = "xtc",
        mdrun_time_conversion_factor: float = 1.0,
        launcher: str = "local",
    ) -> None:
        super().__init__()
        self.launcher = launcher
        self._workdir: Path | None = None
        self._prepared_mdp: MDP | None = None
        self._traj_type = _checked_traj_type(output_traj_type)
        self.mdp = mdconfig
        self.gro_file, self.top_file, self.ndx_file = gro_file, top_file, ndx_file
        self._grompp = commands.executable_of("grompp_executable", grompp_executable)
        self._mdrun = commands.executable_of("mdrun_executable", mdrun_executable)
        self._grompp_args = commands.extra_args_of(
            "grompp_extra_args", grompp_extra_args, commands.GROMPP_OWN
        )
        self._mdrun_args = commands.extra_args_of(
            "mdrun_extra_args", mdrun_extra_args, commands.MDRUN_OWN
        )
        self._hours_factor = _checked_factor(mdrun_time_conversion_factor)

    def __repr__(self) -> str:
        """Name what tells engines apart."""
        return (
            f"<{type(self).__name__}: {self.gro_file}, {self.dt * 1000:g} fs steps, a frame every "
            f"{self.nstout * self.dt:g} ps ({self.output_traj_type}), parameters of "
            f"{self.mdp.original_file}, launcher {self.launcher}>"
        )

    # Parameters

    @property
    def mdp(self) -> MDP:
        """The engine's own copy of the parameters."""
        return self._mdp

    @mdp.setter
    def mdp(self, mdp: MDP) -> None:
        parameters.check_parameters(mdp)
        nstout_from_mdp(mdp, self.output_traj_type)
        self._mdp = copy.deepcopy(mdp)

    mdconfig = mdp

    @property
    def gro_file(self) -> str:
        """The structure, relative to the working directory."""
        return os.path.relpath(self._gro)

    @gro_file.setter
    def gro_file(self, path: str | PathLike[str]) -> None:
        self._gro = _existing("gro_file", path)

    @property
    def top_file(self) -> str:
        """The topology, relative to the working directory."""
        return os.path.relpath(self._top)

    @top_file.setter
    def top_file(self, path: str | PathLike[str]) -> None:
        self._top = _existing("top_file", path)

    @property
    def ndx_file(self) -> str | None:
        """Index groups, relative to the working directory."""
        return None if self._ndx is None else os.path.relpath(self._ndx)

    @ndx_file.setter
    def ndx_file(self, path: str | PathLike[str] | None) -> None:
        self._ndx = None if path is None else _existing("ndx_file", path)

    @property
    def nstout(self) -> int:
        """MD steps between two frames."""
        return nstout_from_mdp(self._mdp, self.output_traj_type)

    @property
    def dt(self) -> float:
        """MD time step in ps."""
        return float(self._mdp.get("dt", 0.001))

    @property
    def n_atoms(self) -> int | None:
        """Atoms of the structure; None if it is no GRO file."""
        return n_atoms_of(self._gro)

    # The prepared simulation

    @property
    def workdir(self) -> Path | None:
        """Folder of the simulation; set it when the files were moved."""
        return self._workdir if self._files is None else self._files.workdir

    @workdir.setter
    def workdir(self, folder: str | PathLike[str]) -> None:
        if self._files is None:
            self._workdir = checked_files(folder, "any").workdir
        else:
            self._files = checked_files(folder, self._files.deffnm)

    @property
    def tpr_file(self) -> str | None:
        """The run input of the prepared simulation."""
        return None if self._files is None else os.path.relpath(self._files.path("tpr"))

    @property
    def simulation_part(self) -> int:
        """Number of the last part, 0 before the first one."""
        return self._disk.next_part - 1

    def clone(self, index: int = 0) -> Self:
        """Make an unprepared engine with the same parameters; see `MDEngine.clone`."""
        clone = copy.copy(self)
        CommandEngine.__init__(clone)
        clone._mdp, clone._prepared_mdp = copy.deepcopy(self._mdp), None
        if index:
            clone._mdp = parameters.with_derived_seeds(clone._mdp, index)
        return clone

    def check_start(self, starting_configuration: StartingConfiguration) -> None:
        """Refuse a start with another number of atoms."""
        start = starting_configuration
        check_kind_of_start(start)
        if start is None:
            return
        if not isinstance(start, Trajectory):
            start = Trajectory(start, self._gro)  # says what is wrong with the file
        elif self.n_atoms is not None and start.n_atoms != self.n_atoms:
            raise ValueError(
                f"The start {', '.join(start.trajectory_files)} has {start.n_atoms} atoms, "
                f"{self.gro_file} has {self.n_atoms}: they belong to different systems."
            )

    def start_as_trajectory(self, start: StartingConfiguration) -> Trajectory | None:
        """A start with the engine's structure; None stands for that alone."""
        if isinstance(start, Trajectory):
            return start
        return Trajectory(self._gro if start is None else start, self._gro)

    @classmethod
    def extra_files_of_parts(cls, folder: str | PathLike[str], deffnm: str) -> list[Path]:
        """Structures after the last step of the parts, ``deffnm.confout.partNNNN.gro``."""
        return cls.files_of_parts(folder, f"{deffnm}.confout", "gro")

    # Configurations without MD

    async def apply_constraints(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str,
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with all constraints fulfilled.

        Parameters
        ----------
        conf_in : Trajectory, path or None
            None stands for the engine's own structure.
        conf_out_name : str
            Name of a TRR file, which is replaced if it exists.
        workdir : path
            Its folder.
        """
        mdp = parameters.of_zero_steps(self._mdp)
        return await self._new_configuration(mdp, conf_in, conf_out_name, workdir)

    async def generate_velocities(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str,
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with new Maxwell-Boltzmann velocities.

        They are drawn at ``gen-temp``, or at the first ``ref-t`` if there is none, and fulfil
        the constraints. A fixed ``gen-seed`` gives the same ones each time. Parameters are
        those of `apply_constraints`.
        """
        mdp = parameters.with_velocities(parameters.of_zero_steps(self._mdp), self.n_atoms)
        return await self._new_configuration(mdp, conf_in, conf_out_name, workdir)

    async def minimize(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str,
        *,
        workdir: str | PathLike[str] = ".",
        max_steps: int = 5000,
    ) -> Trajectory:
        """Write a minimum of the energy near the first frame of `conf_in`.

        By steepest descents, down to ``emtol`` or after `max_steps`. Other parameters are
        those of `apply_constraints`. The result has no velocities.
        """
        mdp = parameters.of_minimization(self._mdp, max_steps)
        return await self._new_configuration(mdp, conf_in, conf_out_name, workdir, at_rest)

    async def _new_configuration(
        self,
        mdp: MDP,
        start: StartingConfiguration,
        name: str,
        workdir: str | PathLike[str],
        publish: Callable[[Path, Path], object] = Path.replace,
    ) -> Trajectory:
        target = _configuration_path(workdir, name)
        await asyncio.to_thread(self._check_programs)
        folder = target.with_name(f".{target.stem}.{os.urandom(4).hex()}")
        files = EngineFiles(target.parent, f"{folder.name}/conf")
        try:
            await asyncio.to_thread(self._write_configuration_inputs, files, mdp, start)
            await self._run_grompp(files, start, target.stem)
            await self._run_single(files, target.stem)
            await asyncio.to_thread(publish, files.path("trr"), target)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        structure = start.structure_path if isinstance(start, Trajectory) else self._gro
        return Trajectory(target, structure, nstout=1)

    def _write_configuration_inputs(
        self, files: EngineFiles, mdp: MDP, start: StartingConfiguration
    ) -> None:
        self.check_start(start)
        frame = read_start(start, self._gro)
        files.path("mdp").parent.mkdir()
        mdp.write(files.path("mdp"), overwrite=True)
        if frame is not None:
            write_start(_start_file(files), frame)

    async def _run_single(self, files: EngineFiles, name: str) -> None:
        threads = threads_of(self._mdrun, self._mdrun_args)
        argv = (*self._mdrun, *commands.mdrun_files(files.deffnm), *threads.options)
        env = {**commands.NO_LITTER, OMP: "1", **threads.env}
        command = Command((*argv, *self._mdrun_args), files.workdir, env)
        cores = Resources(cores=threads.cores or 1)
        await run_to_the_end(command, name, cores, self.launcher, self._last_words)

    # What the base asks for

    async def _make_ready(self, files: EngineFiles, start: StartingConfiguration) -> None:
        folder = files.workdir / f".{files.deffnm}.{os.urandom(4).hex()}"
        made = EngineFiles(files.workdir, f"{folder.name}/{files.deffnm}")
        try:
            await asyncio.to_thread(self._refuse_foreign_files, files)
            await asyncio.to_thread(self._write_inputs, made, start)
            await self._run_grompp(made, start, files.deffnm, party=files.key)
            await asyncio.to_thread(_put_in_place, made, files)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self._prepared_mdp = copy.deepcopy(self._mdp)

    def _refuse_foreign_files(self, files: EngineFiles) -> None:
        """Keep off files that have the names of ours and are a person's."""
        original = Path(self._mdp.original_file)
        mdp = files.path("mdp")
        if mdp.exists() and original.exists() and mdp.samefile(original):
            raise ValueError(
                f"deffnm={files.deffnm!r} would write over your parameters {str(original)!r}: "
                "choose another deffnm or folder."
            )
        found = [files.path(ending) for ending in ("tpr", "cpt") if files.path(ending).exists()]
        if found and not _mdout(files).exists():
            raise ValueError(
                f"{found[0]} was not made by an engine, and deffnm={files.deffnm!r} would write "
                "over it: choose another deffnm or folder."
            )

    def _write_inputs(self, files: EngineFiles, start: StartingConfiguration) -> None:
        self._check_programs()
        self.check_start(start)
        frame = read_start(start, self._gro)
        mdp = self._parameters_for(frame)
        files.path("mdp").parent.mkdir()
        mdp.write(files.path("mdp"))
        if frame is not None:
            write_start(_start_file(files), frame)

    def _parameters_for(self, frame: object) -> MDP:
        mdp = parameters.of_parts(self._mdp)
        if parameters.generates_velocities(mdp) or has_velocities(frame, self._gro):  # type: ignore[arg-type]
            return mdp
        mdp = parameters.with_velocities(mdp, self.n_atoms)
        warnings.warn(
            f"The start has no velocities and gen-vel is no: they are drawn at "
            f"{parameters.temperature_of(self._mdp):g} K, so that the atoms are not all at rest.",
            stacklevel=2,
        )
        return mdp

    async def _run_grompp(
        self, files: EngineFiles, start: StartingConfiguration, name: str, party: str = ""
    ) -> None:
        argv = commands.grompp_argv(
            self._grompp,
            self._grompp_args,
            name=files.deffnm,
            structure=self._gro,
            topology=self._top,
            index=self._ndx,
            start=None if start is None else _start_name(files),
        )
        command = Command(argv, files.workdir, commands.NO_LITTER)
        where = self._launcher_of_grompp
        needs = Resources(party=party)
        await run_to_the_end(command, f"{name}.grompp", needs, where, self._last_words)

    def _read_disk(self, files: EngineFiles) -> OnDisk:
        return read_disk(files, self.output_traj_type, self.nstout)

    def _check_same(self, files: EngineFiles) -> None:
        if files.path("mdp").exists():
            self._refuse_other_parameters(files)
        self._prepared_mdp = copy.deepcopy(self._mdp)

    def _refuse_other_parameters(self, files: EngineFiles) -> None:
        written = MDP(files.path("mdp"))
        nstout = nstout_from_mdp(written, self.output_traj_type)
        differing = {} if nstout == self.nstout else {"nstout": (nstout, self.nstout)}
        differing |= written.differences(self._mdp)
        told = [
            f"{key} {there} there, {here} here"
            for key, (there, here) in differing.items()
            if key not in parameters.BEGINNING
        ]
        if told:
            raise EngineError(
                f"{files.deffnm!r} in {str(files.workdir)!r} was computed with other parameters "
                f"({'; '.join(told)}): go on with equal ones, or start another run."
            )

    def _mend(self, files: EngineFiles) -> None:
        mend_parts(files, self.output_traj_type, self.nstout)

    def _write_part_inputs(self, files: EngineFiles, plan: PartPlan) -> None:
        self._check_programs()
        if self._mdp != self._prepared_mdp:
            self._check_same(files)
        drop_after_checkpoint(files)

    def _run_command(self, files: EngineFiles, plan: PartPlan) -> Command:
        threads = threads_of(self._mdrun, self._mdrun_args)
        argv = commands.mdrun_argv(
            self._mdrun,
            (*threads.options, *self._mdrun_args),
            name=files.deffnm,
            plan=plan,
            hours_factor=self._hours_factor,
        )
        env = {**commands.NO_LITTER, **threads.env}
        return Command(argv, files.workdir, env, _STOPPED_BY_SIGNAL)

    def _resources(self) -> Resources:
        cores = threads_of(self._mdrun, self._mdrun_args).cores
        if cores is None:
            return Resources(share=True, threads_variable=OMP)
        return Resources(cores=cores)

    def _structure_file(self, files: EngineFiles) -> Path:
        return files.path("tpr")

    @classmethod
    def _structure_in_folder(cls, files: EngineFiles) -> Path:
        return files.path("tpr")

    def _stopped_well(self, job: Job) -> bool:
        is_stop = job.record.exit_code in _STOPPED_BY_SIGNAL
        return is_stop and has_obeyed_signal(job.tail(_MANY_LINES, "stderr"))

    def _last_words(self, job: Job) -> str:
        return deciding_words(job.tail(_MANY_LINES, "stderr")) or last_words(job)

    def _check_programs(self) -> None:
        _check_program("grompp_executable", self._grompp)
        if self.launcher == "local":
            _check_program("mdrun_executable", self._mdrun)


def _mdout(files: EngineFiles) -> Path:
    return files.workdir / f"{files.deffnm}_mdout.mdp"


def _put_in_place(made: EngineFiles, files: EngineFiles) -> None:
    # What is left of parts that are gone would be gone on from.
    files.path("cpt").unlink(missing_ok=True)
    _mdout(made).replace(_mdout(files))
    for ending in ("mdp", "tpr"):
        made.path(ending).replace(files.path(ending))


def _check_program(name: str, executable: Sequence[str]) -> None:
    if shutil.which(executable[0]) is None:
        raise EngineError(
            f"The program {executable[0]!r} ({name}) was not found. Install GROMACS, load its "
            f"module before starting Jupyter, or give {name} with the whole path."
        )


def _existing(name: str, path: str | PathLike[str]) -> Path:
    file = checked_path(name, path)
    if not file.is_file():
        raise FileNotFoundError(f"{name}={str(path)!r} is no file.")
    return file.absolute()


def _checked_traj_type(value: str) -> str:
    if not isinstance(value, str) or value.lower() not in ("xtc", "trr"):
        raise ValueError(f"output_traj_type={value!r} has to be 'xtc' or 'trr'.")
    return value.lower()


def _checked_factor(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"mdrun_time_conversion_factor={value!r} has to be above 0 and at most 1.")
    return float(value)


def _start_name(files: EngineFiles) -> str:
    folder, slash, name = files.deffnm.rpartition("/")
    return f"{folder}{slash}.{name}.start.trr"


def _start_file(files: EngineFiles) -> Path:
    return files.workdir / _start_name(files)


def _configuration_path(workdir: str | PathLike[str], name: str) -> Path:
    if not isinstance(name, str) or Path(name).suffix not in ("", ".trr"):
        raise ValueError(f"conf_out_name={name!r}: configurations are written as .trr files.")
    return checked_files(workdir, name.removesuffix(".trr")).path("trr")
