"""How a job would be submitted, without submitting anything."""

from __future__ import annotations

from dataclasses import dataclass

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jobs.folder import folder_for
from asyncmd_jupyter.jobs.model import Command, JobRecord, Resources
from asyncmd_jupyter.jobs.script import render_script
from asyncmd_jupyter.jobs.template import filled

UNKNOWN_ID = "JOB_ID"


@dataclass(frozen=True)
class RehearsedJob:
    """A job that is not there.

    Attributes
    ----------
    record : JobRecord
        With an id that no job has.
    submission : tuple of str
        The command that would submit its script to a queue; empty on this machine.
    script, user_script : str
        What would be written to its folder; the second is empty without a template.
    """

    record: JobRecord
    submission: tuple[str, ...]
    script: str
    user_script: str = ""


def rehearse_job(
    command: Command, *, name: str, resources: Resources, launcher: str
) -> RehearsedJob:
    """Say what the manager would do with a command."""
    record = JobRecord(
        id=UNKNOWN_ID,
        name=name,
        launcher=launcher,
        command=command,
        folder=folder_for(command.cwd, name, UNKNOWN_ID),
        resources=resources,
    )
    template = command.template
    text = "" if template is None else filled(template, command.argv)
    return RehearsedJob(record, _submission(record), render_script(record), text)


def _submission(record: JobRecord) -> tuple[str, ...]:
    if record.launcher != "slurm":
        return ()
    from asyncmd_jupyter.jobs.slurm.commands import sbatch

    slurm = runtime.current().settings.slurm
    return (*sbatch(slurm, record, slurm.exclude_nodes), str(record.script))
