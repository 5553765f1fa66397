"""MD with GROMACS: ``grompp`` and ``mdrun`` as jobs."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.engines.facts import ProgramFacts
from asyncmd_jupyter.engines.files import EngineFiles, checked_files
from asyncmd_jupyter.engines.foreign import (
    WORKER_MARK,
    refuse_existing,
    refuse_mark,
    refuse_neighbours,
)
from asyncmd_jupyter.engines.gromacs import commands, parameters, thermostat
from asyncmd_jupyter.engines.gromacs.checkpoint_files import (
    forget_checkpoints,
    keep_first_checkpoint,
)
from asyncmd_jupyter.engines.gromacs.configurations import GmxConfigurations, start_file
from asyncmd_jupyter.engines.gromacs.disk import (
    drop_after_checkpoint,
    mend_parts,
    read_disk,
)
from asyncmd_jupyter.engines.gromacs.edr import EdrEnergies
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_options import nstout_from_mdp
from asyncmd_jupyter.engines.gromacs.start import has_velocities, read_start, write_start
from asyncmd_jupyter.engines.gromacs.structures import (
    OWN_STRUCTURES,
    ending_for,
    structure_there,
    take_structure,
    write_structure,
)
from asyncmd_jupyter.engines.gromacs.threads import OMP
from asyncmd_jupyter.engines.gromacs.told import facts_in_log
from asyncmd_jupyter.engines.gromacs.topology_text import digest_of_text
from asyncmd_jupyter.engines.gromacs.words import deciding_words, has_obeyed_signal
from asyncmd_jupyter.engines.part import last_words
from asyncmd_jupyter.engines.plan import OnDisk, PartPlan
from asyncmd_jupyter.engines.starts import START, Start, read_if_possible
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.streams import Stream
from asyncmd_jupyter.engines.velocities import StartVelocities
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.reading import read_object
from asyncmd_jupyter.frames.read import Frame
from asyncmd_jupyter.jobs.manager import Job
from asyncmd_jupyter.jobs.model import Command, Resources

_MANY_LINES = 400
_STOPPED_BY_SIGNAL = (1, 2)
# What follows the name of a simulation in the files beside those of its parts.
_WRITTEN = (
    *(".mdp", ".tpr", ".simulation.json", ".start.npz", ".cpt", "_prev.cpt", "_mdout.mdp"),
    *map(".{}".format, OWN_STRUCTURES),
)
_HEADER_BYTES = 2**14
_STREAM = "stream"


class GmxEngine(GmxConfigurations):
    """Runs GROMACS.

    Parameters
    ----------
    mdconfig : MDP
        Parameters; the object is copied. ``nsteps`` in it is ignored: `run` says how far.
        From seeds that are fixed (``ld-seed``, ``gen-seed``, ``awh-seed``, ``lmc-seed``) each
        simulation derives its own, as an `OpenMMEngine` does from its `seed`, so that no two
        share their noise. They stand in ``deffnm.mdp``, in the log and in the record of origin.
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
        ``"xtc"`` (positions of all atoms: ``compressed-x-grps`` has to have them all) or
        ``"trr"`` (velocities, too, as often as ``nstvout`` says).
    mdrun_time_conversion_factor : float
        ``mdrun`` is told this share of the wall time, to leave some for its last words.
    launcher : str, optional
        Where ``mdrun`` runs: ``"local"`` or ``"slurm"``; ``grompp`` always runs on this
        machine. Without it: Slurm, if one of the following is given.
    sbatch_script : str or path, optional
        For Slurm: text or path of a script in which ``{mdrun_cmd}`` stands for the command.
        Without it the command alone is the job.
    sbatch_options : Mapping, optional
        For Slurm: long names of options of sbatch to their values, such as
        ``{"partition": "gpu", "gres": "gpu:1", "cpus-per-task": 8, "exclusive": ""}``.

    Raises
    ------
    FileNotFoundError
        For files that do not exist.
    ValueError, TypeError
        For parameters that can't be run in parts, and options the engine sets itself.
    """

    # What Python says about wrong arguments begins with this.
    GmxConfigurations.__init__.__qualname__ = "GmxEngine.__init__"

    program = "GROMACS"
    endings_of_parts = ("xtc", "trr", "edr", "log", "xvg", "_pullx.xvg", "_pullf.xvg")

    energy_format = EdrEnergies()

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

    @classmethod
    def extra_files_of_parts(cls, folder: str | PathLike[str], deffnm: str) -> list[Path]:
        """Structures after the last step of the parts, ``deffnm.confout.partNNNN.gro``."""
        return cls.files_of_parts(folder, f"{deffnm}.confout", "gro")

    # What the base asks for

    async def _make_ready(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        folder = files.workdir / f".{files.deffnm}.{os.urandom(4).hex()}"
        made = EngineFiles(files.workdir, f"{folder.name}/{files.deffnm}")
        try:
            begun = await asyncio.to_thread(self._write_inputs, made, start, velocities)
            drawn = await self._run_grompp(made, start, files.deffnm, party=files.key)
            numbers = await asyncio.to_thread(self._own_numbers)
            await asyncio.to_thread(write_structure, made, numbers, self.gro_file)
            await asyncio.to_thread(_put_in_place, made, files)
            self._simulation_seeds |= drawn
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self._prepared_mdp = copy.deepcopy(self._mdp)
        return begun

    def _refuse_foreign_files(self, files: EngineFiles) -> None:
        original = Path(self._mdp.original_file)
        mdp = files.path("mdp")
        if mdp.exists() and original.exists() and mdp.samefile(original):
            raise ValueError(
                f"deffnm={files.deffnm!r} would write over your parameters {str(original)!r}: "
                "choose another deffnm or folder."
            )
        refuse_neighbours(files, is_gromacs=True)
        refuse_mark(files, WORKER_MARK, "another engine")
        if not _made_by_engine(files):
            refuse_existing(files, _WRITTEN)

    def begun_velocities(
        self, start: StartingConfiguration, velocities: str = "keep"
    ) -> StartVelocities:
        """What `prepare` would do about the velocities of a start, which is read."""
        return self._velocities_of(read_start(start, self._gro), start, velocities)

    def _velocities_of(
        self, frame: Frame | None, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        has = has_velocities(frame, self._gro)
        return parameters.start_velocities(
            self._mdp, velocities, start, has=has, structure=self._gro
        )

    def _write_inputs(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        self._check_programs()
        simulation = EngineFiles(files.workdir, Path(files.deffnm).name)
        number = self._number(simulation.deffnm, start, simulation.key)
        frame, stream = self._begun(simulation.deffnm, start, number)
        seeded = parameters.with_stream(self._mdp, stream)
        begun = self._velocities_of(frame, start, velocities)
        n_drawn = self._n_drawn() if begun.drawn else None
        mdp = parameters.of_beginning(seeded, begun, n_drawn)
        self._stream = stream
        self._simulation_seeds = self._seeds_for_record(parameters.seeds_of(mdp), stream)
        files.path("mdp").parent.mkdir(mode=0o700)  # nobody else puts a link there
        mdp.write(files.path("mdp"))
        facts = {_STREAM: stream.to_json(), **self._digests()}
        files.path("simulation.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        if (kept := read_if_possible(lambda: self._start_here(start))) is not None:
            moving = None if begun.drawn else kept.velocities
            Configuration(kept.positions, moving, kept.box).write(files.path(START))
        if frame is not None:
            write_start(start_file(files), frame)
        return begun

    def _input_file(self, files: EngineFiles) -> Path:
        return files.path("tpr")

    def _facts_file(self, files: EngineFiles) -> Path:
        return files.path("simulation.json")

    def _told_by_program(self, files: EngineFiles, part: int) -> ProgramFacts:
        return facts_in_log(files.part(part, "log"))

    def _read_disk(self, files: EngineFiles) -> OnDisk:
        return read_disk(files, self.output_traj_type, self.nstout)

    def _refuse_other_engine(self, files: EngineFiles) -> None:
        if files.path("mdp").exists():
            self._refuse_other_parameters(files)
        self._refuse_other_inputs(files, _facts_of(files))

    def _take_over(self, files: EngineFiles) -> None:
        self._found_stream(Stream.from_json(_facts_of(files).get(_STREAM)))
        if files.path("mdp").exists():
            seeds = parameters.seeds_of(MDP(files.path("mdp")))
            self._simulation_seeds = self._seeds_for_record(seeds, self._stream)
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

    def _digests(self) -> dict[str, str]:
        index = {} if self._ndx is None else {"index": digest_of_text(self._ndx)}
        return {"topology": digest_of_text(self._top), **index}

    def _refuse_other_inputs(self, files: EngineFiles, facts: Mapping[str, Any]) -> None:
        try:
            mine = self._digests()
        except FileNotFoundError:
            return  # to go on takes none of them
        if "topology" not in facts:  # versions before did not write it
            return
        named = {"topology": self.top_file, "index": self.ndx_file}
        for kind, path in named.items():
            if facts.get(kind) != mine.get(kind):
                raise EngineError(
                    f"{files.deffnm!r} in {str(files.workdir)!r} was computed with another {kind} "
                    f"than {path}: go on with the same, or start another run."
                )

    def _start_here(self, start: StartingConfiguration) -> Start | None:
        here = super()._start_here(start)
        if here is None or start is not None or not thermostat.generates_velocities(self._mdp):
            return here
        return replace(here, velocities=None)  # others are drawn

    def _mend(self, files: EngineFiles) -> None:
        mend_parts(files, self.output_traj_type, self.nstout)

    def _write_part_inputs(self, files: EngineFiles, plan: PartPlan) -> None:
        self._check_programs()
        if self._mdp != self._prepared_mdp:
            self._check_same(files)
        drop_after_checkpoint(files)
        keep_first_checkpoint(files)

    def _run_command(self, files: EngineFiles, plan: PartPlan) -> Command:
        threads = self._threads()
        argv = commands.mdrun_argv(
            self._mdrun,
            (*threads.options, *self._mdrun_args),
            name=files.deffnm,
            plan=plan,
            hours_factor=self.mdrun_time_conversion_factor,
        )
        if parameters.rotates(self._mdp):
            argv += commands.rotation_outputs(files.deffnm)
        env = {**commands.NO_LITTER, **threads.env}
        return Command(argv, files.workdir, env, _STOPPED_BY_SIGNAL)

    def _preparing(self, files: EngineFiles, start: StartingConfiguration) -> list[Command]:
        return [self._grompp_command(files, start)]

    def _resources(self) -> Resources:
        cores = self._threads().cores
        if cores is None:
            return Resources(share=True, threads_variable=OMP)
        return Resources(cores=cores)

    def _structure_file(self, files: EngineFiles) -> Path:
        if files.path("tpr").exists():
            return structure_there(files)
        return files.path(ending_for(self._own_numbers()))

    @classmethod
    def _structure_in_folder(cls, files: EngineFiles) -> Path:
        return structure_there(files)

    def _stopped_well(self, job: Job) -> bool:
        is_stop = job.record.exit_code in _STOPPED_BY_SIGNAL
        return is_stop and has_obeyed_signal(job.tail(_MANY_LINES, "stderr"))

    def _last_words(self, job: Job) -> str:
        return deciding_words(job.tail(_MANY_LINES, "stderr")) or last_words(job)


def _made_by_engine(files: EngineFiles) -> bool:
    """Whether the folder has the files of a simulation that an engine has prepared.

    ``grompp`` writes its command line into the parameters that it took, and only an engine
    lets it work in a hidden folder like that.
    """
    try:
        with _mdout(files).open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return (
        re.search(rb"/?\.%b\.[0-9a-f]{8}/" % re.escape(os.fsencode(files.deffnm)), header)
        is not None
    )


def _mdout(files: EngineFiles) -> Path:
    return files.workdir / f"{files.deffnm}_mdout.mdp"


def _facts_of(files: EngineFiles) -> dict[str, Any]:
    """What an engine has written beside a simulation; earlier versions wrote nothing."""
    path = files.path("simulation.json")
    return read_object(path) if path.exists() else {}


def _put_in_place(made: EngineFiles, files: EngineFiles) -> None:
    forget_checkpoints(files)
    _mdout(made).replace(_mdout(files))
    take_structure(made, files)
    files.path(START).unlink(missing_ok=True)
    for ending in ("mdp", "simulation.json", START, "tpr"):
        if made.path(ending).exists():
            made.path(ending).replace(files.path(ending))
