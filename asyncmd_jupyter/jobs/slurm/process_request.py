"""What is asked for when one script shall run in Slurm."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jobs.model import Command, Resources
from asyncmd_jupyter.jobs.slurm.options import options_in
from asyncmd_jupyter.jobs.slurm.process_arguments import (
    checked_jobname,
    checked_options,
    checked_removal,
    checked_time,
)
from asyncmd_jupyter.jobs.template import read_template

_HOLD = {"hold": ""}


class ProcessRequest:
    """The script with its name, folder, time limit and options; see `SlurmProcess`."""

    def __init__(
        self,
        jobname: str,
        sbatch_script: str | PathLike[str],
        workdir: str | PathLike[str] | None,
        time: float | None,
        sbatch_options: Mapping[str, Any] | None,
        stdfiles_removal: str | bool,
    ) -> None:
        self._jobname = checked_jobname(jobname)
        self._script = sbatch_script
        self._template = read_template("sbatch_script", sbatch_script, "")
        self._workdir = Path(workdir if workdir is not None else ".").absolute()
        self._time: float | None = None
        self._options: dict[str, str] = {}
        self.time = time
        self.sbatch_options = sbatch_options or {}
        self.stdfiles_removal = stdfiles_removal

    @property
    def jobname(self) -> str:
        """What people call it."""
        return self._jobname

    @property
    def sbatch_script(self) -> str | PathLike[str]:
        """The script as it was given; a file was read then."""
        return self._script

    @property
    def workdir(self) -> Path:
        """The folder in which it runs."""
        return self._workdir

    @property
    def time(self) -> float | None:
        """Time limit in hours; changing it does nothing to a job that was submitted."""
        return self._time

    @time.setter
    def time(self, hours: float | None) -> None:
        checked_time(hours)
        self._options = checked_options(self._options, has_time=hours is not None)
        self._time = hours

    @property
    def sbatch_options(self) -> dict[str, str]:
        """A copy of the options; changing them does nothing to a job that was submitted."""
        return dict(self._options)

    @sbatch_options.setter
    def sbatch_options(self, options: Mapping[str, Any]) -> None:
        self._options = checked_options(options, has_time=self._time is not None)

    @property
    def stdfiles_removal(self) -> str:
        """When the files with its output are removed: success, no, yes or always."""
        return self._removal

    @stdfiles_removal.setter
    def stdfiles_removal(self, removal: str | bool) -> None:
        self._removal = checked_removal(removal)

    def set_sbatch_option(self, key: str, value: Any = "") -> None:
        """Choose one option; the others stay.

        Raises
        ------
        ValueError
            It can't be handed to sbatch.

        Warns
        -----
        UserWarning
            It has a place of its own and is left out.
        """
        self.sbatch_options = {**self._options, key: value}

    def del_sbatch_option(self, key: str) -> None:
        """Leave one option to Slurm again.

        Raises
        ------
        KeyError
            It was not chosen.
        """
        del self._options[key]

    def _command(self, stdin: Path | None) -> Command:
        # A task of an array, which equal jobs may become, would see the name of the array.
        env = {"SLURM_JOB_NAME": self._jobname}
        return Command(
            (),
            self._workdir,
            env=env,
            template=self._template,
            stdin=stdin,
            repeatable="requeue" in {*self._options, *options_in(self._template)},
        )

    def _resources(self, *, held: bool) -> Resources:
        limit = checked_time(self._time)
        options = {**self._options, **(_HOLD if held else {})}
        # Its id is told to users, who hand it to Slurm's own commands.
        return Resources(time_limit=limit, options=options, alone=True)

    def _shall_remove(self, code: int) -> bool:
        return self._removal in ("yes", "always") or (self._removal == "success" and code == 0)
