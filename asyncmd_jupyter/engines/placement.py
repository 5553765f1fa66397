"""Where the jobs of an engine run, and with what around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from os import PathLike
from typing import Any

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.slurm.options import check_directives, usable_options
from asyncmd_jupyter.jobs.template import count_of_placeholders, read_template

PLACEHOLDER = "{mdrun_cmd}"
_LOCAL, _SLURM = "local", "slurm"
# The in-memory launcher may be registered later, in the runtime of a test.
_TO_COME = "memory"

# Time for a last checkpoint, also on a slow file system.
_NOTICE = timedelta(seconds=60)


@dataclass(frozen=True)
class Placement:
    """A launcher, and what Slurm is told.

    Attributes
    ----------
    launcher : str
    script : str or path, optional
        As it was given.
    template : ScriptTemplate, optional
        What it says.
    options : Mapping
        Of sbatch.
    """

    launcher: str = _LOCAL
    script: str | PathLike[str] | None = None
    template: ScriptTemplate | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        launcher: str | None,
        script: str | PathLike[str] | None,
        options: Mapping[str, Any] | None,
    ) -> Placement:
        """Check what a user gives; without a launcher, what is for Slurm goes to Slurm."""
        for_slurm = script is not None or options is not None
        chosen = launcher or (_SLURM if for_slurm else _LOCAL)
        return cls().at(chosen).with_script(script).with_options(options)

    def at(self, launcher: str) -> Placement:
        """The same with another launcher, which has to be known."""
        if launcher not in (_LOCAL, _SLURM, _TO_COME):
            JobManager.current().is_local(launcher)  # raises and names all that are known
        return replace(self, launcher=launcher)

    def with_script(self, script: str | PathLike[str] | None) -> Placement:
        """The same with another script."""
        if script is None:
            return replace(self, script=None, template=None)
        template = read_template("sbatch_script", script, PLACEHOLDER)
        if count_of_placeholders(template) > 1:
            raise ValueError(
                f"{PLACEHOLDER} is in sbatch_script more than once, so the same files might be"
                " written twice. Where there are several ways, let variables differ."
            )
        check_directives(template)
        return replace(self, script=script, template=template)

    def with_options(self, options: Mapping[str, Any] | None) -> Placement:
        """The same with other options of sbatch."""
        return replace(self, options=usable_options("sbatch_options", options))

    def command(self, command: Command) -> Command:
        """The command as a job of this place runs it."""
        return replace(command, template=self.template)

    def resources(self, needs: Resources, hours: float | None = None) -> Resources:
        """What a job of this place asks for.

        Engines end their programs in time by themselves; a limit only tells queues, which
        give notice before it.
        """
        needs = replace(needs, options=self.options)
        if self.is_local:
            return needs
        limit = None if hours is None else timedelta(hours=hours)
        return replace(needs, time_limit=limit, notice=_NOTICE)

    @property
    def is_local(self) -> bool:
        """Whether the jobs take cores of this machine."""
        return JobManager.current().is_local(self.launcher)
