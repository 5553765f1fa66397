"""What the engines with a worker of ours have in common: their files and commands."""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
import shutil
import sys
import tempfile
from abc import abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from numpy.typing import NDArray

from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.engines.attributes import default_of_class, is_given
from asyncmd_jupyter.engines.base import (
    OutputTrajType,
    StartingConfiguration,
    check_kind_of_start,
)
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.engines.configuration_output import ConfigurationOutput, files_of_start
from asyncmd_jupyter.engines.energies.text import ENDING, TextEnergies
from asyncmd_jupyter.engines.facts import EngineFacts, ProgramFacts
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.foreign import refuse_existing, refuse_mark, refuse_neighbours
from asyncmd_jupyter.engines.plan import OnDisk, PartPlan
from asyncmd_jupyter.engines.starts import Start
from asyncmd_jupyter.engines.stepping.configuration import Configuration, will_have_velocities
from asyncmd_jupyter.engines.stepping.disk import (
    drop_after_checkpoint,
    forget_checkpoints,
    mend_parts,
    read_disk,
)
from asyncmd_jupyter.engines.stepping.seeds import derived_seed
from asyncmd_jupyter.engines.stepping.spec import (
    ConfigurationSpec,
    PartSpec,
    Spec,
    digest_of_spec,
    write_spec,
)
from asyncmd_jupyter.engines.stepping.structures import (
    complete_structures,
    formats_of,
    refuse_other_structures,
    warn_of_contradictions,
    write_structures,
    write_text,
)
from asyncmd_jupyter.engines.stepping.surroundings import python_surroundings
from asyncmd_jupyter.engines.streams import Stream, digest_of
from asyncmd_jupyter.engines.velocities import StartVelocities, decide
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.reading import read_object
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import Job
from asyncmd_jupyter.jobs.model import Command, Resources

_STRUCTURE = "structure"
_STREAM = "stream"
_SEED = "drawn_seed"
# Energies take about as long as a step.
_LEAST_NSTENERGY = 100
_LAST_LINES = 15
_SEED_BITS = 53  # all readers of JSON keep such numbers exactly


class Origin(Protocol):
    """Where a simulation without a start begins, and what its structure is."""

    @property
    def structure_file(self) -> Path | None:
        """The user's own, if there is one."""
        ...

    @property
    def structure(self) -> Structure:
        """What is known of the atoms."""
        ...

    def configuration(self) -> Configuration:
        """The first configuration; ValueError if there is none."""
        ...


class SteppingEngine(CommandEngine):
    """Base of engines whose worker is `stepping.program.run_program`.

    Parameters
    ----------
    origin : Origin
    nstout : int
        MD steps between two frames.
    nstenergy : int, optional
        MD steps between two rows of energies; see `OpenMMEngine`.
    cores : int
        CPU cores a job takes.
    seed : int, optional
        Of all random numbers; see `OpenMMEngine`.
    output_traj_type : str
        One that the worker can write.
    launcher, sbatch_script, sbatch_options
        Where and how the jobs run; see `CommandEngine`.
    """

    output_traj_type = OutputTrajType("trr", ("trr",))
    endings_of_parts = ("trr", "xtc", ENDING, "json")
    physics_endings: ClassVar[tuple[str, ...]] = ()
    worker: ClassVar[str]
    simulation: ClassVar[str] = ""
    energy_format = TextEnergies()
    _nstenergy: int | None = None  # as engines have it that an earlier version has pickled

    def __init__(
        self,
        origin: Origin,
        *,
        nstout: int,
        nstenergy: int | None = None,
        cores: int = 1,
        seed: int | None = None,
        output_traj_type: str = default_of_class("trr"),
        launcher: str | None = None,
        sbatch_script: str | PathLike[str] | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            launcher=launcher, sbatch_script=sbatch_script, sbatch_options=sbatch_options
        )
        self._origin = origin
        self._nstout = whole_number("nstout", nstout, 1)
        self.nstenergy = nstenergy
        self.cores = cores
        self._seed = None if seed is None else whole_number("seed", seed, 0)
        if is_given(output_traj_type):
            self.output_traj_type = output_traj_type

    @property
    @abstractmethod
    def n_atoms(self) -> int:
        """Particles of the system."""

    @property
    @abstractmethod
    def temperature(self) -> float | None:
        """In K, for velocities that have to be drawn; None if the engine knows none."""

    @property
    def cores(self) -> int:
        """CPU cores that a job takes."""
        return self._cores

    @cores.setter
    def cores(self, number: int) -> None:
        self._cores = whole_number("cores", number, 1)

    @property
    def nstenergy(self) -> int:
        """MD steps between two rows of energies, 0 for none; holds from the next part on.

        Set to None: with each frame, but not more often than every 100 steps.
        """
        if self._nstenergy is None:
            return self._nstout * -(-_LEAST_NSTENERGY // self._nstout)
        return self._nstenergy

    @nstenergy.setter
    def nstenergy(self, steps: int | None) -> None:
        self._nstenergy = None if steps is None else whole_number("nstenergy", steps, 0)

    @property
    def seed(self) -> int | None:
        """Of all random numbers; None draws one for each simulation, which is on record."""
        return self._seed

    @property
    def structure_file(self) -> Path | None:
        """The user's own structure, if there is one."""
        return self._origin.structure_file

    @property
    def periodic(self) -> bool:
        """Whether there is a box."""
        return False

    @abstractmethod
    def _physics(self, name: str) -> dict[str, Any]:
        """What the worker is told of the physics in the files of this name."""

    def batch_physics(self, folder: Path, name: str) -> dict[str, Any]:
        """Write what the simulations of a batch need, and give what their worker is told of it.

        It is without a seed: each segment has its own.

        Raises
        ------
        NotImplementedError
            If the simulations of this engine can't begin again and again.
        """
        if not self.simulation:
            raise NotImplementedError(f"{type(self).__name__} computes no batches of segments.")
        self._write_physics(folder, name)
        return {**self._physics(name), "seed": None}

    @property
    def segments_in_a_row(self) -> int:
        """How many segments of a batch share a stream of noise.

        More than one only where nothing else is left over from one to the next, and where
        beginning another stream costs much more than what is computed with it.
        """
        return 1

    def batch_identity(self) -> dict[str, Any]:
        """What decides what a batch computes, apart from starts and seeds."""
        return {**self._physics(""), **self._identity(), "seed": None}

    @abstractmethod
    def _identity(self) -> dict[str, str]:
        """What may not change when a simulation is gone on with, in words."""

    @abstractmethod
    def _write_physics(self, folder: Path, name: str) -> None:
        """Write the files that `_physics` names."""

    @property
    def input_files(self) -> tuple[Path, ...]:
        """The user's structure file, if there is one."""
        own = self._origin.structure_file
        return () if own is None else (own.absolute(),)

    @property
    def nstout(self) -> int:
        """MD steps between two frames."""
        return self._nstout

    def _forget_simulation(self) -> None:
        super()._forget_simulation()
        self._drawn_seed: int | None = None

    def clone(self, index: int = 0) -> Self:
        """Make an unprepared engine with the same parameters; see `MDEngine.clone`."""
        clone = copy.copy(self)
        clone._forget_simulation()
        if self._seed is not None and index:
            clone._seed = derived_seed(self._seed, index)
        return clone

    def check_start(self, starting_configuration: StartingConfiguration) -> None:
        """Refuse a start that is missing or has another number of atoms."""
        start = starting_configuration
        check_kind_of_start(start)
        if start is None:
            self._origin.configuration()
        elif not isinstance(start, Trajectory):
            Trajectory(start, start)  # says what is wrong with the file
        elif start.n_atoms != self.n_atoms:
            raise ValueError(
                f"The start {', '.join(start.trajectory_files)} has {start.n_atoms} atoms, the "
                f"engine's system {self.n_atoms}: they belong to different systems."
            )

    def has_velocities(self, start: StartingConfiguration) -> bool:
        """Whether a simulation from a start begins with its velocities; reads it."""
        return self._configuration(start).velocities is not None

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
            None stands for the engine's own positions.
        conf_out_name : path
            File to be written, replaced if it exists; its ending says the format, ``.trr``
            if it has none. A format without room for velocities is refused where there are
            some.
        workdir : path
            Folder for files that are needed on the way.
        """
        return await self._new_configuration("constraints", conf_in, conf_out_name, workdir)

    async def generate_velocities(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the first frame of `conf_in` with new Maxwell-Boltzmann velocities.

        They fulfil the constraints. The motion of the centre of mass is removed where
        `removes_com` says that the dynamics have none.
        With a fixed seed a script that is run again gets the same ones, but no two calls do.
        Parameters are those of `apply_constraints`.
        """
        return await self._new_configuration("velocities", conf_in, conf_out_name, workdir)

    async def minimize(
        self,
        conf_in: StartingConfiguration,
        conf_out_name: str | PathLike[str],
        *,
        workdir: str | PathLike[str] = ".",
    ) -> Trajectory:
        """Write the nearest minimum of the energy to the first frame of `conf_in`.

        Parameters are those of `apply_constraints`. The result has no velocities.
        """
        return await self._new_configuration("minimize", conf_in, conf_out_name, workdir)

    # What the base asks for

    def begun_velocities(
        self, start: StartingConfiguration, velocities: str = "keep"
    ) -> StartVelocities:
        """What `prepare` would do about the velocities of a start, which is read."""
        return self._velocities_of(self._configuration(start), start, velocities)

    def _velocities_of(
        self, configuration: Configuration, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        has = configuration.velocities is not None
        return decide(velocities, start, has=has, temperature=self.temperature)

    def _refuse_foreign_files(self, files: EngineFiles) -> None:
        refuse_neighbours(files, is_gromacs=False)
        refuse_mark(files, "_mdout.mdp", "GROMACS")
        if not self._facts_file(files).exists():
            endings = [".cpt", ".cpt.prev", ".engine.json", ".start.npz", *self.physics_endings]
            if self._origin.structure_file is None:
                endings += [f".{one}" for one in formats_of(self._origin.structure)]
            refuse_existing(files, endings)

    def _write_inputs(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str
    ) -> StartVelocities:
        configuration = self._configuration(start)
        begun = self._velocities_of(configuration, start, velocities)
        if begun.drawn:  # by the worker, as it begins
            configuration = replace(configuration, velocities=None)
        if (own := self._origin.structure_file) is not None:
            warn_of_contradictions(own, self._origin.structure)
        forget_checkpoints(files)
        # The last one to be written: without it nothing is prepared.
        files.path("start.npz").unlink(missing_ok=True)
        number = self._number(files.deffnm, start, files.key)
        self._stream = self._begin_stream(files.deffnm, start, _digest_of(configuration), number)
        self._drawn_seed = self._new_seed()
        facts = self._facts() | {_STRUCTURE: str(self._structure_file(files).absolute())}
        content = facts | {_STREAM: self._stream.to_json(), _SEED: self._drawn_seed}
        # The first one: it says whose the others are, also if this is ended in between.
        write_text(self._facts_file(files), json.dumps(content, indent=1))
        self._write_physics(files.workdir, files.deffnm)
        if self._origin.structure_file is None:
            write_structures(self._origin.structure, configuration, files)
        configuration.write(files.path("start.npz"))
        return begun

    def _start_here(self, start: StartingConfiguration) -> Start | None:
        if start is None:
            return Start(**vars(self._origin.configuration()))
        trajectory = start if isinstance(start, Trajectory) else Trajectory(start, start)
        return super()._start_here(trajectory)

    def _facts(self) -> dict[str, str]:
        return {"nstout": str(self.nstout), **self._identity()}

    def _read_disk(self, files: EngineFiles) -> OnDisk:
        return read_disk(files, self.output_traj_type)

    def _refuse_other_engine(self, files: EngineFiles) -> None:
        there, mine = self._facts_there(files), self._facts()
        differing = [
            f"{name} {there.get(name)} there, {mine.get(name)} here"
            for name in mine
            if mine[name] != there.get(name)
        ]
        if differing:
            raise EngineError(
                f"{files.deffnm!r} in {str(files.workdir)!r} was computed by an engine with other "
                f"parameters ({'; '.join(differing)}): go on with an equal one, or start "
                "another run."
            )

    def _facts_there(self, files: EngineFiles) -> dict[str, Any]:
        path = self._facts_file(files)
        if not path.exists():
            return {**self._facts()}
        return read_object(path)

    def _take_over(self, files: EngineFiles) -> None:
        there = self._facts_there(files)
        self._found_stream(Stream.from_json(there.get(_STREAM)))
        self._drawn_seed = there.get(_SEED)
        # Nothing is written where nothing was prepared.
        if self._origin.structure_file is None and self._input_file(files).exists():
            complete_structures(self._origin.structure, files)

    def _fixed_seeds(self) -> Hashable:
        return () if self._seed is None else (self._seed,)

    def _new_seed(self) -> int | None:
        """One for something random, where the engine has none."""
        return secrets.randbits(_SEED_BITS) if self._seed is None else None

    def _seed_of(self, stream: Stream | None, drawn: int | None) -> int | None:
        seed = drawn if self._seed is None else self._seed
        # Simulations of versions without streams go on with the seed alone.
        return seed if seed is None or stream is None else stream.seed(seed)

    def _seeds(self, stream: Stream | None, drawn: int | None) -> dict[str, Any]:
        """For the record: a seed that was drawn gives the same once more when it is given."""
        seed = drawn if self._seed is None else self._seed
        if seed is None:
            return {}
        told: dict[str, Any] = {"seed": seed}
        if stream is not None:
            told |= {"stream": self._seed_of(stream, drawn), "repeat": stream.repeat}
        return told

    def _engine_facts(self) -> EngineFacts:
        own = self._origin.structure_file
        return replace(
            super()._engine_facts(),
            parameters={"nstout": self.nstout, **self._identity()},
            seeds=self._seeds(self._stream, self._drawn_seed),
            inputs={} if own is None else {"structure": own},
            own_start=own,
        )

    def _input_file(self, files: EngineFiles) -> Path:
        return files.path("start.npz")

    def _facts_file(self, files: EngineFiles) -> Path:
        return files.path("engine.json")

    def _told_by_program(self, files: EngineFiles, part: int) -> ProgramFacts:
        platform, _, version = self._disk.platform.partition(f", {self.program} ")
        return ProgramFacts(version, platform)

    def _mend(self, files: EngineFiles) -> None:
        mend_parts(files, self.output_traj_type)

    def _write_part_inputs(self, files: EngineFiles, plan: PartPlan) -> None:
        drop_after_checkpoint(files, self.output_traj_type)
        # Once more where it is not as it was: another version may have written it.
        self._write_physics(files.workdir, files.deffnm)
        write_spec(self._part_spec(files, plan), files.part(plan.number, "json"))

    def _part_spec(self, files: EngineFiles, plan: PartPlan) -> PartSpec:
        return PartSpec(
            physics={
                **self._physics(files.deffnm),
                "seed": self._seed_of(self._stream, self._drawn_seed),
            },
            part=plan.number,
            start=files.path("start.npz").name,
            checkpoint=files.path("cpt").name,
            trajectory=files.part(plan.number, self.output_traj_type).name,
            nstout=self.nstout,
            last_step=plan.last_step,
            seconds=None if plan.hours is None else plan.hours * 3600,
            energies=files.part(plan.number, ENDING).name,
            nstenergy=self.nstenergy,
        )

    def _run_command(self, files: EngineFiles, plan: PartPlan) -> Command:
        return self._worker_command(files.part(plan.number, "json"), self._part_spec(files, plan))

    def _structure_file(self, files: EngineFiles) -> Path:
        return self._origin.structure_file or files.path(self._origin.structure.file_format)

    @classmethod
    def _structure_in_folder(cls, files: EngineFiles) -> Path:
        written = files.path("pdb")
        facts = read_object(files.path("engine.json"))
        named = Path(str(facts.get(_STRUCTURE, written)))
        moved = files.workdir / named.name
        return next((path for path in (moved, named, written) if path.exists()), named)

    def _resources(self) -> Resources:
        return Resources(cores=self._cores)

    def _last_words(self, job: Job) -> str:
        # Its output is the log, which says nothing of errors.
        return job.tail(_LAST_LINES, "stderr").strip()

    def _worker_command(self, file: Path, spec: Spec) -> Command:
        # -P: a file in the work folder must not take the place of a module.
        argv = (sys.executable, "-P", "-m", self.worker, str(file.absolute()), digest_of_spec(spec))
        return Command(argv, file.parent, python_surroundings())

    def _configuration(self, start: StartingConfiguration) -> Configuration:
        if start is None:
            return self._origin.configuration()
        if not isinstance(start, Trajectory):
            start = Trajectory(start, start)
        self.check_start(start)
        frame = read_frame(start, 0)
        box = self._box_of_start(frame.box, start) if self.periodic else None
        return Configuration(frame.positions, frame.velocities, box)

    def _box_of_start(self, box: NDArray[Any] | None, start: Trajectory) -> NDArray[Any] | None:
        """The box with which a periodic simulation begins; its start may have none."""
        return box

    # Configurations without a step of MD

    async def _new_configuration(
        self,
        action: str,
        start: StartingConfiguration,
        name: str | PathLike[str],
        workdir: str | PathLike[str],
    ) -> Trajectory:
        number = self._number(Path(str(name)).stem, start)
        inputs = [*self.input_files, *files_of_start(start)]
        output = await asyncio.to_thread(ConfigurationOutput.of, name, workdir, inputs)
        target = output.path
        await asyncio.to_thread(self._check_structure_beside, output, start)
        file, spec, seeds = await asyncio.to_thread(
            self._write_configuration_inputs, action, start, output, number
        )
        command = self._worker_command(file, spec)
        await self._run_to_the_end(command, target.stem, self._resources(), self._last_words)
        # A file with names is its own structure; one has to be at hand to write it.
        beside = file if output.has_names else target
        structure = await asyncio.to_thread(self._structure_beside, beside, start)
        await asyncio.to_thread(output.publish, file.with_name("conf.trr"), structure)
        structure = target if structure.parent == file.parent else structure
        # The version is that of the worker's library, in `software`.
        told = ProgramFacts(seeds=seeds)
        await asyncio.to_thread(self._record_configuration, target, action, start, told)
        await asyncio.to_thread(shutil.rmtree, file.parent, ignore_errors=True)
        return Trajectory(target, structure, nstout=1)

    def _write_configuration_inputs(
        self, action: str, start: StartingConfiguration, output: ConfigurationOutput, number: int
    ) -> tuple[Path, Spec, dict[str, Any]]:
        configuration = self._configuration(start)
        output.check_velocities(will_have_velocities(action, configuration))
        digest = _digest_of(configuration)
        stream = self._begin_stream(output.path.stem, start, digest, number)
        folder = Path(tempfile.mkdtemp(prefix=f".{output.path.stem}.", dir=output.scratch))
        self._write_physics(folder, "conf")
        configuration.write(folder / "conf.start.npz")
        drawn = self._new_seed()
        physics = {**self._physics("conf"), "seed": self._seed_of(stream, drawn)}
        spec = ConfigurationSpec(physics, action, "conf.start.npz", "conf.trr")
        write_spec(spec, folder / "conf.json")
        return folder / "conf.json", spec, self._seeds(stream, drawn)

    def _structure_beside(self, target: Path, start: StartingConfiguration) -> Path:
        if isinstance(start, Trajectory):
            return start.structure_path
        if start is not None:
            return Path(start).absolute()
        if self._origin.structure_file is not None:
            return self._origin.structure_file
        files = EngineFiles(target.parent, target.stem)
        write_structures(self._origin.structure, self._configuration(start), files)
        return self._structure_file(files)

    def _check_structure_beside(
        self, output: ConfigurationOutput, start: StartingConfiguration
    ) -> None:
        """Refuse to write over a structure that is another one."""
        if start is None and self._origin.structure_file is None and not output.has_names:
            files = EngineFiles(output.path.parent, output.path.stem)
            refuse_other_structures(self._origin.structure, self._configuration(start), files)


def _digest_of(start: Configuration) -> str:
    return digest_of(start.positions, start.velocities, start.box)


def whole_number(name: str, value: Any, least: int) -> int:
    """A whole number.

    Raises
    ------
    ValueError
        If it is none or too small.
    """
    number = as_count(value)
    if number is None or number < least:
        raise ValueError(f"{name}={value!r} has to be a whole number of at least {least}.")
    return number
