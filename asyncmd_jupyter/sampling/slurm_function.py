"""Functions on trajectories that are programs and run as jobs, in Slurm first of all."""

from __future__ import annotations

import asyncio
import copy
import warnings
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.files import checked_folder
from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.frames.content import Contents
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import ScriptTemplate
from asyncmd_jupyter.jobs.slurm.options import check_directives, usable_options
from asyncmd_jupyter.jobs.template import count_of_placeholders, read_template
from asyncmd_jupyter.sampling.callables import callable_name, is_async
from asyncmd_jupyter.sampling.function_id import digest
from asyncmd_jupyter.sampling.function_values import Values
from asyncmd_jupyter.sampling.functions import TrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.slurm_function_command import found_executable, words_of
from asyncmd_jupyter.sampling.slurm_function_job import FunctionJobs

PLACEHOLDER = "{cmd_str}"


class SlurmTrajectoryFunctionWrapper(TrajectoryFunctionWrapper):
    """Makes a function on trajectories out of a program that runs as a job in Slurm.

    The program is called with the structure file, the trajectory file(s), the path for
    the result, and then the name and value of each of `call_kwargs`. It writes one row of
    numbers or bools per frame with ``numpy.save``, which adds ``.npy`` to the path.

    A job whose node fails, or that has to make room for another one, is begun again, at
    most `max_attempts` times altogether. Everything else that goes wrong is an error.

    The `id` comes from the name and content of the program, `call_kwargs` in their order,
    and `load_results_func`. Folder of the program, script and options are not in it: they
    say where and how it runs, so values stay known when you choose another partition. Files
    that the program reads besides are not seen either; give what matters in `call_kwargs`.

    Parameters
    ----------
    executable : str or path
        A file, or the name of a program on PATH. It has to be there on this machine, too.
    sbatch_script : str or path
        Text that begins with ``#!``, or a file; ``{cmd_str}`` stands for the command. Only
        that is replaced, by the command with each argument quoted.
    sbatch_options : Mapping, optional
        Long names of options of sbatch to their values; empty text for those without value.
    call_kwargs : dict, optional
        None, bools, numbers, text, or flat lists of these, which are unpacked; an empty
        list leaves the name alone.
    load_results_func : callable, optional
        Called in a thread with the path that the program was given, without ``.npy``; gives
        the values.
    launcher : str
        What runs the jobs; ``"local"`` tries the same script on this machine.
    workdir : path, optional
        Folder in which the jobs run and leave their output, which the nodes see, too; the
        one of the trajectory if not given.
    needs_earlier_frames : bool
        Whether the program judges a frame by earlier ones. As a condition it gets the frames
        of all parts so far in one trajectory then, instead of each part once.

    Attributes
    ----------
    max_attempts : int
        How often an evaluation is begun when nodes fail.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError, PermissionError
        For arguments that can't be used.
    """

    max_attempts: int = 3

    def __init__(
        self,
        executable: str | PathLike[str],
        sbatch_script: str | PathLike[str],
        *,
        sbatch_options: Mapping[str, Any] | None = None,
        call_kwargs: dict[str, Any] | None = None,
        load_results_func: Callable[[str], Any] | None = None,
        launcher: str = "slurm",
        workdir: str | PathLike[str] | None = None,
        needs_earlier_frames: bool = False,
    ) -> None:
        super().__init__(call_kwargs)
        self._needs_earlier_frames = bool(needs_earlier_frames)
        words_of(self._call_kwargs)
        self.executable = executable
        self.sbatch_script = sbatch_script
        self.sbatch_options = sbatch_options
        self.load_results_func = load_results_func
        self._slurm_jobname: str | None = None
        self.workdir = workdir
        self.launcher = launcher

    @property
    def name(self) -> str:
        """Name of the program."""
        return self._executable.name

    @property
    def needs_whole_part(self) -> bool:
        """True: a job for each few frames of a running simulation would be too much."""
        return True

    @property
    def needs_earlier_frames(self) -> bool:
        """Whether frames are judged by earlier ones, also by those of earlier parts."""
        return self._needs_earlier_frames

    @property
    def executable(self) -> str:
        """Absolute path of the program; to be set as in the constructor."""
        return str(self._executable)

    @executable.setter
    def executable(self, value: str | PathLike[str]) -> None:
        self._executable = found_executable(value)

    @property
    def sbatch_script(self) -> str:
        """Text of the script; to be set as text or path."""
        return self._template.text

    @sbatch_script.setter
    def sbatch_script(self, value: str | PathLike[str]) -> None:
        template: ScriptTemplate = read_template("sbatch_script", value, PLACEHOLDER)
        if count_of_placeholders(template) > 1:
            warnings.warn(
                f"{PLACEHOLDER} is in sbatch_script more than once; the function might be computed"
                " each time.",
                stacklevel=3,
            )
        check_directives(template)
        self._template = template

    @property
    def sbatch_options(self) -> dict[str, str]:
        """Options of sbatch; a copy, to be set as a whole."""
        return dict(self._sbatch_options)

    @sbatch_options.setter
    def sbatch_options(self, value: Mapping[str, Any] | None) -> None:
        self._sbatch_options = usable_options("sbatch_options", value)

    @property
    def slurm_jobname(self) -> str:
        """Name of all jobs; made from the `id` unless, or after, it is set to None."""
        return self._slurm_jobname or f"CVfunc_id_{self.id}"

    @slurm_jobname.setter
    def slurm_jobname(self, value: str | None) -> None:
        if value is not None and (not isinstance(value, str) or not value or "\0" in value):
            raise ValueError(f"slurm_jobname={value!r} has to be a text that is not empty.")
        self._slurm_jobname = value

    @property
    def load_results_func(self) -> Callable[[str], Any] | None:
        """What reads the values that the program has written; the id follows."""
        return self._load_results_func

    @load_results_func.setter
    def load_results_func(self, load: Callable[[str], Any] | None) -> None:
        _check_loader(load)
        self._load_results_func = load

    @property
    def workdir(self) -> Path | None:
        """Folder in which the jobs run; None for that of the trajectory."""
        return self._workdir

    @workdir.setter
    def workdir(self, folder: str | PathLike[str] | None) -> None:
        self._workdir = None if folder is None else checked_folder("workdir", folder).absolute()

    def __repr__(self) -> str:
        kwargs = f", call_kwargs={self._call_kwargs!r}" if self._call_kwargs else ""
        return f"{type(self).__name__}({self.executable!r}{kwargs})"

    def _get_id_str(self) -> str:
        program = (self.name, self._content())
        words = words_of(self._call_kwargs)
        try:
            return digest("program as function", program, words, self._load_results_func)
        except FunctionIdError as error:
            raise FunctionIdError(
                "No id that lasts can be derived for load_results_func="
                f"{callable_name(self._load_results_func)}: take a plain function of which all "
                "that it uses can be described."
            ) from error

    def _content(self) -> bytes:
        try:
            return Contents.current().digest(self.executable)
        except PermissionError:  # one may run it, not read it
            return b""

    async def _get_values_for_trajectory(self, traj: Trajectory) -> Values:
        jobs = await asyncio.to_thread(self._jobs)
        return await jobs.values(traj)

    def _jobs(self) -> FunctionJobs:
        function_id = self.id
        return FunctionJobs(
            name=self.name,
            function_id=function_id,
            job_name=self._slurm_jobname or f"CVfunc_id_{function_id}",
            executable=self._executable,
            words=words_of(self._call_kwargs),
            template=self._template,
            options=self._sbatch_options,
            launcher=self.launcher,
            workdir=self._workdir,
            load=self._load_results_func,
            max_attempts=max(1, self.max_attempts),
        )

    def _snapshot(self) -> SlurmTrajectoryFunctionWrapper:
        return copy.copy(self)


def _check_loader(load: Any) -> None:
    if load is not None and (not callable(load) or is_async(load)):
        raise TypeError(
            f"load_results_func={load!r} has to be a function that takes a path; it runs in a "
            "thread, so no coroutine function."
        )
