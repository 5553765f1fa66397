"""What sbatch is asked for: one job, or several that are alike as the tasks of an array."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter.files.owners import is_out_of_reach
from asyncmd_jupyter.jobs.model import JobRecord, Submitted
from asyncmd_jupyter.jobs.script import ENTER, JOB_ID_VARIABLE, PLAIN_SHELL, render_script, tail_of
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.options import options_in
from asyncmd_jupyter.jobs.slurm.parsing import task_name
from asyncmd_jupyter.jobs.template import directives
from asyncmd_jupyter.settings import SlurmSettings

# Options that mean something else for an array than for each of its tasks.
_NOT_SHARED = frozenset({"dependency", "mail-type", "mail-user", "kill-on-invalid-dep"})
_HEADING = "hetjob", "packjob"
_SHORTEST_NAME = 3

# What a folder that can't be used on the node is to Slurm itself: the end by a signal 53.
# The variables go because a job is to see the same whether it is a task or not. The id is set
# before bash is replaced, so that the processes of the job can be told by it; which task
# it is, its script is told as an argument.
_DISPATCHER = """\
#!/usr/bin/env bash
{directives}{plain_shell}
{enter}begin() {{
    enter "$2" "$3" && [ -r script.sh ] && {{ : >>{output}; }} 2>/dev/null || kill -s 53 "$$"
    set -- "$@" "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
    unset "${{!SLURM_ARRAY_@}}"
    export {id_variable}="$1"
    exec bash script.sh "$4" >>{output} 2>&1
}}
case $SLURM_ARRAY_TASK_ID in
{cases}esac
exit 1
"""


@dataclass(frozen=True)
class Request:
    """One call of sbatch.

    Attributes
    ----------
    record : JobRecord
        The job; for an array its first task with the id of the batch.
    tasks : tuple of JobRecord
        Of an array, by their numbers.
    left_out : set of str
        Tasks, by the ids of the jobs, that the last call did not ask for any more.
    """

    record: JobRecord
    tasks: tuple[JobRecord, ...] = ()
    left_out: set[str] = field(default_factory=set, compare=False)

    @property
    def title(self) -> str:
        """Tells people what was refused."""
        if not self.tasks:
            return f"the job {self.record.name!r}"
        return f"{len(self.tasks)} jobs such as {self.tasks[0].name!r}"

    @property
    def names(self) -> list[str]:
        """Under which the queue may show it."""
        tasks = [task_name(self.record.id, number) for number in range(len(self.tasks))]
        return [self.record.id, *tasks]

    def taken(self, native_id: str | None, cluster: str = "") -> Submitted:
        """Tell what it has become in the queue."""
        comment = f"{commands.COMMENT_PREFIX}{self.record.id}"
        return Submitted(native_id, cluster, comment, datetime.now(UTC))

    def is_wanted(self, is_job_wanted: Callable[[str], bool]) -> bool:
        """Whether there is any job left to be started."""
        return any(is_job_wanted(job.id) for job in self.tasks or [self.record])

    def argv(
        self,
        settings: SlurmSettings,
        exclude: Collection[str],
        is_job_wanted: Callable[[str], bool],
    ) -> list[str]:
        """Arguments that ask for those that are wanted."""
        self.left_out.update(job.id for job in self.tasks if not is_job_wanted(job.id))
        numbers = (n for n, job in enumerate(self.tasks) if job.id not in self.left_out)
        return commands.sbatch(
            settings,
            self.record,
            exclude,
            commands.ranges(numbers),
            is_output_safe=is_out_of_reach(self.record.folder),
        )

    def script(self) -> bytes:
        """What is handed to sbatch: never read from a folder, where it may have been changed."""
        text = dispatcher(self.tasks) if self.tasks else render_script(self.record)
        return text.encode("utf-8", "surrogateescape")

    def environment(self, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Variables for sbatch."""
        return commands.environment(self.record, inherited)


def can_share(job: JobRecord) -> bool:
    """Whether a job may be a task of an array."""
    if job.resources.alone:
        return False
    template = job.command.template
    lines = directives(template) if template else []
    chosen = {*job.resources.options, *options_in(template)}
    return not _NOT_SHARED & chosen and not any(word in line for line in lines for word in _HEADING)


def likeness(settings: SlurmSettings, job: JobRecord, exclude: Collection[str]) -> tuple[str, ...]:
    """Equal for jobs that can be tasks of the same array."""
    template = job.command.template
    return (
        settings.sbatch_executable,
        *commands.shared_arguments(settings, job, exclude),
        "\n",
        *(directives(template) if template else ()),
        "\n",
        job.resources.threads_variable,
    )


def array_request(batch: str, tasks: Sequence[JobRecord]) -> Request:
    """Ask for all these jobs at once."""
    first = tasks[0]
    folder = first.folder / f"batch.{batch}"
    name = _common_name([job.name for job in tasks])
    return Request(replace(first, id=batch, name=name, folder=folder), tuple(tasks))


def dispatcher(tasks: Sequence[JobRecord]) -> str:
    """Text of the script that becomes the script of the task whose number it has.

    Nothing but the folders of the jobs has to be there later.
    """
    template = tasks[0].command.template
    return _DISPATCHER.format(
        directives="".join(f"{line}\n" for line in directives(template)) if template else "",
        plain_shell=PLAIN_SHELL,
        enter=ENTER,
        id_variable=JOB_ID_VARIABLE,
        output=commands.OUTPUT_NAME,
        cases="".join(_case(number, job.id, job.folder) for number, job in enumerate(tasks)),
    )


def _case(number: int, job_id: str, folder: Path) -> str:
    words = shlex.join(("begin", job_id, str(folder), tail_of(folder)))
    return f"{number}) {words} ;;\n"


def _common_name(names: Sequence[str]) -> str:
    """How all names begin, without the number in which they differ; else the first one."""
    first, last = min(names), max(names)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    common = "".join(letter for letter, _ in same).rstrip(" ._-0123456789")
    return common if len(common) >= _SHORTEST_NAME else names[0]
