"""What a job is: immutable values, no behaviour that touches the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path


class JobState(Enum):
    """States of a job, in the order in which they are passed through.

    Attributes
    ----------
    is_final : bool
        Whether nothing will change any more.
    """

    WAITING = "waiting"  # held back here until cores or slots are free
    PENDING = "pending"  # handed to the launcher, not yet running
    RUNNING = "running"
    DONE = "done"  # exit code 0
    FAILED = "failed"  # any other exit code, or killed by something that is not us
    CANCELLED = "cancelled"  # somebody asked for its end and it ended
    LOST = "lost"  # gone without an exit code and without an explanation

    def __init__(self, word: str) -> None:
        # Asked for each job at each look, so it is no property.
        self.is_final = word in ("done", "failed", "cancelled", "lost")


@dataclass(frozen=True)
class ScriptTemplate:
    """A script of a user in which a command has its place.

    Attributes
    ----------
    text : str
        Begins with ``#!``. Its ``#SBATCH`` lines are for Slurm.
    placeholder : str
        Stands for the command with each argument quoted; nothing is replaced if it is empty.
    """

    text: str
    placeholder: str = ""


@dataclass(frozen=True)
class Command:
    """One program with its arguments: never a string for a shell to split.

    Attributes
    ----------
    argv : tuple of str
        Program and arguments, passed on as they are.
    cwd : Path
        Existing folder in which it runs.
    env : Mapping
        Variables set in addition to the environment.
    stop_codes : tuple of int
        Exit codes, other than 0, with which it ends well when it was asked to stop.
    template : ScriptTemplate, optional
        Script that runs it; without a placeholder `argv` may be empty.
    stdin : Path, optional
        File that it reads; nothing otherwise.
    repeatable : bool
        Whether a launcher may run it again by itself. If not, a job that is put back into
        the queue counts as interrupted.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_codes: tuple[int, ...] = ()
    template: ScriptTemplate | None = None
    stdin: Path | None = None
    repeatable: bool = True


@dataclass(frozen=True)
class Resources:
    """What a job needs.

    Attributes
    ----------
    cores : int
        CPU cores it keeps busy.
    share : bool
        Let it have a fair share of this machine's cores instead: those allowed, divided by
        the parties that want to go now, at least one. `cores` says how many once it is
        started.
    party : str
        For whom it runs, such as the simulation whose parts are computed one after the
        other; a party of its own if empty.
    threads_variable : str
        Environment variable that tells the command its cores, such as ``OMP_NUM_THREADS``;
        none if empty.
    time_limit : timedelta, optional
        After which the launcher ends it.
    options : Mapping
        Options of the one launcher that gets the job, such as those of sbatch.
    notice : timedelta, optional
        How long before its time limit the command is asked to stop, where a launcher can.
    alone : bool
        Never put it together with others, such as into a job array, so that the launcher's
        id is its own.
    """

    cores: int = 1
    time_limit: timedelta | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    share: bool = False
    party: str = ""
    threads_variable: str = ""
    notice: timedelta | None = None
    alone: bool = False


@dataclass(frozen=True)
class Status:
    """What a launcher knows of a job at one moment.

    Attributes
    ----------
    cause : str
        The launcher's own word for how the job ended, such as ``TIMEOUT``, where that tells
        more than the exit code.
    native_id : str, optional
        If it was found out only now.
    attempt : int, optional
        Which one this is about, where the launcher starts jobs again by itself.
    interrupted : bool
        Whether it ended because of where and how long it ran, so that it makes sense to
        start the same command again.
    queued : datetime, optional
        When the newest attempt was submitted, by the launcher's clock.
    """

    state: JobState
    exit_code: int | None = None
    reason: str = ""
    nodes: tuple[str, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    cause: str = ""
    native_id: str | None = None
    attempt: int | None = None
    interrupted: bool = False
    queued: datetime | None = None


@dataclass(frozen=True)
class Submitted:
    """What tells a job that a launcher has taken from all its other jobs.

    Attributes
    ----------
    native_id : str or None
        Its name there; None when only polling will tell it.
    cluster : str
        Where that name means this job; empty if there is only one place or it is not known.
    comment : str
        What the job carries there.
    queued : datetime, optional
        When it was submitted; with fractions of a second if that is by the clock of this machine.
    """

    native_id: str | None
    cluster: str = ""
    comment: str = ""
    queued: datetime | None = None


@dataclass(frozen=True)
class JobRecord:
    """All that is known of a job; one row of the store.

    Attributes
    ----------
    id : str
        Unique among all jobs of all kernels, chosen before the submission.
    name : str
        What a person calls it; need not be unique.
    launcher : str
        Name of the launcher that has it, such as ``local``.
    folder : Path
        Holds the rendered script, both outputs and the exit-code file of this job only.
    native_id : str or None
        Its name at the launcher, known after the submission.
    attempt : int
        Counts the starts of the same job: a requeue begins the next one.
    exit_code : int or None
        Of the command; negative for a signal, as in `subprocess`.
    reason : str
        One sentence in plain words why it is in this state, where there is something to say.
    cause : str
        The launcher's own word for how it ended, such as ``TIMEOUT`` or ``NODE_FAIL``, where
        that tells more than the exit code.
    interrupted : bool
        Whether it ended because of where and how long it ran, not because of its command.
    cancel_requested : bool
        Stored before the cancellation is sent.
    stop_requested : bool
        Whether it was asked to save its work and end by itself; stored before that is sent.
    owner : str
        The kernel (host, pid and start time) that submitted or last attached to it.
    tags : Mapping
        Free keys of the submitter, such as ``run``, ``engine``, ``part`` or ``notebook``.
    held : bool
        Whether it waits until somebody releases it.
    ended_with_kernel : bool
        Whether it was cancelled because its kernel ended, not because somebody wanted its end.
    cluster : str
        Of the launcher's clusters the one that has it; empty if there is only one, or where an
        earlier version has stored it. Native ids are used again, and by each cluster.
    comment : str
        What it carries at the launcher, known after the submission.
    queued : datetime, optional
        When its newest attempt was submitted, by the launcher's clock; as long as only this
        machine's is known, with fractions of a second.
    """

    id: str
    name: str
    launcher: str
    command: Command
    folder: Path
    resources: Resources = field(default_factory=Resources)
    state: JobState = JobState.WAITING
    native_id: str | None = None
    attempt: int = 0
    exit_code: int | None = None
    reason: str = ""
    nodes: tuple[str, ...] = ()
    cancel_requested: bool = False
    stop_requested: bool = False
    owner: str = ""
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    interrupted: bool = False
    held: bool = False
    ended_with_kernel: bool = False
    cluster: str = ""
    comment: str = ""
    queued: datetime | None = None

    @property
    def was_given_up(self) -> bool:
        """Whether somebody has cancelled it."""
        is_wanted = self.cancel_requested and not self.ended_with_kernel
        return self.state is JobState.CANCELLED and is_wanted

    @property
    def script(self) -> Path:
        """The bash script that every launcher runs."""
        return self.folder / "script.sh"

    @property
    def user_script(self) -> Path:
        """The template with the command in its place, if there is one."""
        return self.folder / "user_script.sh"

    @property
    def stdout(self) -> Path:
        """What the command wrote to its standard output."""
        return self.folder / "stdout.txt"

    @property
    def stderr(self) -> Path:
        """What the command wrote to its standard error."""
        return self.folder / "stderr.txt"

    def exit_file(self, attempt: int | None = None) -> Path:
        """Appears by rename when the command of an attempt has ended."""
        return self.folder / f"exit_code.{self.attempt if attempt is None else attempt}"


@dataclass(frozen=True)
class JobChanged:
    """Published whenever the record of a job was replaced by a newer one."""

    record: JobRecord
