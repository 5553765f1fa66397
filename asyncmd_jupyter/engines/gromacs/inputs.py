"""What a GROMACS engine is made of: parameters, files and programs."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.attributes import Argument, default_of_class, is_given
from asyncmd_jupyter.engines.base import (
    OutputTrajType,
    StartingConfiguration,
    check_kind_of_start,
)
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.engines.facts import EngineFacts
from asyncmd_jupyter.engines.files import checked_path
from asyncmd_jupyter.engines.gromacs import commands, outputs, parameters, thermostat
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_options import nstout_from_mdp
from asyncmd_jupyter.engines.gromacs.run_input import RunInput, RunInputCache, read_run_input
from asyncmd_jupyter.engines.gromacs.start import n_atoms_of
from asyncmd_jupyter.engines.gromacs.threads import Threads, threads_in_queue, threads_of
from asyncmd_jupyter.engines.gromacs.words import deciding_words
from asyncmd_jupyter.engines.residue_numbers import own_numbers
from asyncmd_jupyter.engines.streams import Stream
from asyncmd_jupyter.engines.text_inputs import check_structure, check_text, check_topology
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.content import FileState
from asyncmd_jupyter.frames.masses import unchangeable
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.quick import run_now


def _checked_factor(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"{name}={value!r} has to be above 0 and at most 1.")
    return float(value)


class GmxInputs(CommandEngine):
    """The half of `GmxEngine` that does not depend on a simulation."""

    output_traj_type = OutputTrajType("xtc", ("xtc", "trr"))
    grompp_executable = Argument(
        "gmx grompp", partial(commands.kept_executable, reserved=commands.GROMPP_OWN)
    )
    mdrun_executable = Argument(
        "gmx mdrun", partial(commands.kept_executable, reserved=commands.MDRUN_OWN)
    )
    grompp_extra_args = Argument("", partial(commands.kept_args, reserved=commands.GROMPP_OWN))
    mdrun_extra_args = Argument("", partial(commands.kept_args, reserved=commands.MDRUN_OWN))
    mdrun_time_conversion_factor = Argument(1.0, _checked_factor)

    def __init__(
        self,
        mdconfig: MDP,
        gro_file: str | PathLike[str],
        top_file: str | PathLike[str],
        *,
        ndx_file: str | PathLike[str] | None = None,
        grompp_executable: str | Sequence[str] = default_of_class("gmx grompp"),
        mdrun_executable: str | Sequence[str] = default_of_class("gmx mdrun"),
        grompp_extra_args: str | Sequence[str] = default_of_class(""),
        mdrun_extra_args: str | Sequence[str] = default_of_class(""),
        output_traj_type: str = default_of_class("xtc"),
        mdrun_time_conversion_factor: float = default_of_class(1.0),
        launcher: str | None = None,
        sbatch_script: str | PathLike[str] | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            launcher=launcher, sbatch_script=sbatch_script, sbatch_options=sbatch_options
        )
        self._workdir: Path | None = None
        self._prepared_mdp: MDP | None = None
        self._simulation_seeds: dict[str, Any] = {}  # given to GROMACS or drawn by it
        self._numbers: tuple[FileState, NDArray[np.int64] | None] | None = None
        self._run_input = RunInputCache()  # also that of its clones
        arguments = {
            "output_traj_type": output_traj_type,
            "grompp_executable": grompp_executable,
            "mdrun_executable": mdrun_executable,
            "grompp_extra_args": grompp_extra_args,
            "mdrun_extra_args": mdrun_extra_args,
            "mdrun_time_conversion_factor": mdrun_time_conversion_factor,
        }
        for name, value in arguments.items():
            if is_given(value):
                setattr(self, name, value)
        self.mdp = mdconfig
        self.gro_file, self.top_file, self.ndx_file = gro_file, top_file, ndx_file
        self._check_outputs()

    def __repr__(self) -> str:
        """Name what tells engines apart."""
        return (
            f"<{type(self).__name__}: {self.gro_file}, {self.dt * 1000:g} fs steps, a frame every "
            f"{self.nstout * self.dt:g} ps ({self.output_traj_type}), parameters of "
            f"{self.mdp.original_file}, launcher {self.launcher}>"
        )

    @property
    def _grompp(self) -> tuple[str, ...]:
        return commands.words_of("grompp_executable", self.grompp_executable)

    @property
    def _mdrun(self) -> tuple[str, ...]:
        return commands.words_of("mdrun_executable", self.mdrun_executable)

    @property
    def _grompp_args(self) -> tuple[str, ...]:
        return commands.words_of("grompp_extra_args", self.grompp_extra_args)

    @property
    def _mdrun_args(self) -> tuple[str, ...]:
        return commands.words_of("mdrun_extra_args", self.mdrun_extra_args)

    def _check_new_traj_type(self, value: str) -> None:
        super()._check_new_traj_type(value)
        if hasattr(self, "_mdp"):
            nstout_from_mdp(self._mdp, value)

    @property
    def mdp(self) -> MDP:
        """The engine's own copy of the parameters."""
        return self._mdp

    @mdp.setter
    def mdp(self, mdp: MDP) -> None:
        parameters.check_parameters(mdp)
        nstout_from_mdp(mdp, self.output_traj_type)
        if self.output_traj_type == "xtc":
            outputs.warn_of_coarse_frames(mdp)
        self._mdp = copy.deepcopy(mdp)

    mdconfig = mdp

    @property
    def gro_file(self) -> str:
        """The structure, relative to the working directory."""
        return os.path.relpath(self._gro)

    @gro_file.setter
    def gro_file(self, path: str | PathLike[str]) -> None:
        self._gro = check_structure(_existing("gro_file", path))

    @property
    def top_file(self) -> str:
        """The topology, relative to the working directory."""
        return os.path.relpath(self._top)

    @top_file.setter
    def top_file(self, path: str | PathLike[str]) -> None:
        self._top = check_topology(_existing("top_file", path))

    @property
    def ndx_file(self) -> str | None:
        """Index groups, relative to the working directory."""
        return None if self._ndx is None else os.path.relpath(self._ndx)

    @ndx_file.setter
    def ndx_file(self, path: str | PathLike[str] | None) -> None:
        self._ndx = None if path is None else check_text(_existing("ndx_file", path))

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

    @property
    def input_files(self) -> tuple[Path, ...]:
        """Structure, topology, index groups and the file of the parameters."""
        files = (self._gro, self._top, self._ndx, Path(self._mdp.original_file).absolute())
        return tuple(file for file in files if file is not None)

    @property
    def temperature(self) -> float | None:
        """In K: ``gen-temp``, or else the thermostat's ``ref-t``; None if neither is there.

        That is the rule for all velocities that are drawn; `temperature_note` says where the two
        are different.
        """
        with suppress(ValueError):
            return thermostat.temperature_of(self._mdp)
        return None

    @property
    def temperature_note(self) -> str:
        """Which temperature is meant where the parameters name several; see `MDEngine`."""
        return thermostat.temperature_note(self._mdp)

    @property
    def has_noise(self) -> bool:
        """Whether the dynamics are stochastic (``sd``, ``bd``, ``v-rescale``); see `MDEngine`."""
        return thermostat.has_noise(self._mdp)

    @property
    def masses(self) -> NDArray[np.float64]:
        """Masses as ``grompp`` puts them into the run input; see `MDEngine.masses`.

        They are read from that of the prepared simulation. Before, ``grompp`` runs once for
        it on this machine, and what it said is kept until parameters or files change; in a
        coroutine ``await asyncio.to_thread(lambda: engine.masses)`` blocks nothing meanwhile.

        Raises
        ------
        EngineError
            With the words of ``grompp``, if it fails.
        """
        return unchangeable(self._read_run_input().masses)

    @property
    def constraints(self) -> NDArray[np.int64] | None:
        """Constraints as in the run input; see `MDEngine.constraints` and `masses`.

        None if ``gmx dump`` can't tell them, or with frozen groups.
        """
        if self._mdp.get("freezegrps"):
            return None
        pairs = self._read_run_input().constraints
        return None if pairs is None else pairs.copy()

    def _read_run_input(self) -> RunInput:
        """Read the run input, or make one for that; blocks."""
        prepared = self._files is not None and self._mdp == self._prepared_mdp
        tpr = self._files.path("tpr") if prepared and self._files else None
        sources = [tpr] if tpr is not None and tpr.exists() else [self._gro, self._top, self._ndx]
        states = [FileState.of(str(path)) for path in sources if path is not None]
        physics = {k: v for k, v in self._mdp.items() if k not in parameters.BEGINNING}
        key = (sources, states, repr(sorted(physics.items())), self._grompp, self._grompp_args)
        return self._run_input.get(key, lambda: self._new_run_input(tpr))

    def _new_run_input(self, tpr: Path | None) -> RunInput:
        if tpr is not None and tpr.exists():
            return read_run_input(tpr, self._grompp)
        with tempfile.TemporaryDirectory(prefix="asyncmd-grompp-") as folder:
            return read_run_input(self._grompped(Path(folder) / "masses"), self._grompp)

    def _grompped(self, name: Path) -> Path:
        """Make a run input of the engine's own structure; blocks."""
        _check_program("grompp_executable", self._grompp)
        parameters.of_zero_steps(self._mdp).write(name.with_suffix(".mdp"))
        argv = commands.grompp_argv(
            self._grompp,
            self._grompp_args,
            name=str(name),
            structure=self._gro,
            topology=self._top,
            index=self._ndx,
            start=None,
        )
        answer = run_now(argv, self.workdir or Path.cwd(), commands.NO_LITTER)
        if answer.code:
            raise EngineError(
                "grompp can't make the run input from which the masses are read. It said:\n"
                f"{deciding_words(answer.errors) or answer.errors.strip()}"
            )
        return name.with_suffix(".tpr")

    def _own_numbers(self) -> NDArray[np.int64] | None:
        """Numbers of residues in the user's structure, where a run input has others."""
        state = FileState.of(str(self._gro))
        if self._numbers is None or self._numbers[0] != state:
            self._numbers = state, own_numbers(self._gro)
        return self._numbers[1]

    def keeping_velocities(self) -> Self:
        """Make an engine without ``gen-vel``, which would replace the velocities of a start."""
        if not thermostat.generates_velocities(self._mdp):
            return self
        clone = self.clone()
        clone._mdp = parameters.without_velocities(clone._mdp)
        return clone

    def clone(self, index: int = 0) -> Self:
        """Make an unprepared engine with the same parameters; see `MDEngine.clone`."""
        clone = copy.copy(self)
        clone._forget_simulation()
        clone._mdp, clone._prepared_mdp = copy.deepcopy(self._mdp), None
        clone._simulation_seeds = {}
        if index:
            clone._mdp = parameters.with_derived_seeds(clone._mdp, index)
        return clone

    def check_start(self, starting_configuration: StartingConfiguration) -> None:
        """Refuse a start with another number of atoms, and parts that would lack some."""
        self._check_outputs()
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

    def _engine_facts(self) -> EngineFacts:
        files = {"structure": self._gro, "topology": self._top}
        return replace(
            super()._engine_facts(),
            parameters={"output-traj-type": self.output_traj_type}
            | parameters.of_physics(self._mdp),
            seeds=self._simulation_seeds,
            inputs=files if self._ndx is None else {**files, "index": self._ndx},
            own_start=self._gro,
        )

    def _check_outputs(self) -> None:
        if self.output_traj_type == "xtc":
            outputs.check_whole_frames(self._mdp, self._ndx, self.n_atoms)

    def _fixed_seeds(self) -> Hashable:
        return tuple(parameters.seeds_of(self._mdp).items())

    def _seeds_for_record(self, used: dict[str, Any], stream: Stream | None) -> dict[str, Any]:
        """Those that GROMACS is given, and those of the engine that give them once more."""
        given = {f"given-{key}": seed for key, seed in parameters.seeds_of(self._mdp).items()}
        return {**used, **given, "repeat": stream.repeat} if given and stream else used

    def _threads(self) -> Threads:
        read = threads_of if self.takes_cores_here else threads_in_queue
        return read(self._mdrun, self._mdrun_args)

    def _check_programs(self) -> None:
        _check_program("grompp_executable", self._grompp)
        if self.takes_cores_here:
            _check_program("mdrun_executable", self._mdrun)


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
