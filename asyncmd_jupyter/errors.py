"""Every exception of this package on one page.

Arguments that can't be used raise the built-in ``ValueError``, ``TypeError`` or
``FileNotFoundError``; what goes wrong later is one of these::

    AsyncMDError
    ├── EngineError                an MD engine can't do what it was asked
    │   ├── EngineCrashedError     the MD program ended with an error
    │   ├── ChangedFileError       what a worker is to run was changed since it was written
    │   ├── OtherKernelError       another kernel works on the same simulation
    │   └── MaxStepsReachedError   no condition was fulfilled within the limit
    ├── JobError                   something about one job
    │   ├── SubmissionError        the launcher refused or could not start it
    │   ├── JobCancelledError      somebody cancelled it
    │   ├── JobLostError           it vanished without leaving an exit code
    │   └── SlurmError             about a job in Slurm (also a RuntimeError)
    │       ├── SlurmSubmissionError    a SubmissionError
    │       └── SlurmCancellationError  a JobCancelledError
    ├── FunctionIdError            no persistent id can be derived (also a ValueError)
    ├── FunctionCrashedError       the process that evaluated a function died
    ├── ForeignFileError           a file is not what it has to be (also a ValueError)
    ├── FileSystemError            a file system failed for hours (also an OSError)
    ├── UntrustedFolderError       others can write to a folder (also a PermissionError)
    └── TruncatedTrajectoryError   a file ends within a frame (also a ValueError)

and what is only said, as a warning::

    UserWarning
    ├── DrawnVelocitiesWarning     a start has no velocities, so that new ones are drawn
    ├── GuessedMassesWarning       velocities are drawn with masses guessed from names
    ├── OpenFolderWarning          others could write to the folder of a run
    └── NoFileLocksWarning         a file system has no locks, so that lock files are used
"""

from __future__ import annotations


class AsyncMDError(Exception):
    """Base of all errors that this package defines."""


class EngineError(AsyncMDError):
    """An MD engine can't do what it was asked to do."""


class EngineCrashedError(EngineError):
    """The MD program ended with an error; the message holds its last words."""


class ChangedFileError(EngineError):
    """A file that decides what a worker runs is not the one that the engine wrote."""


class OtherKernelError(EngineError):
    """Another kernel works on the same simulation."""


class MaxStepsReachedError(EngineError):
    """The limit on steps or frames was reached before any condition was fulfilled."""


class JobError(AsyncMDError):
    """Something is wrong with one job."""


class SubmissionError(JobError):
    """A job could not be started or was refused by the queue."""


class JobCancelledError(JobError):
    """A job was cancelled while somebody waited for its result."""


class JobLostError(JobError):
    """A job vanished without leaving an exit code."""


class SlurmError(JobError, RuntimeError):
    """Something is wrong with a job in Slurm."""


class SlurmSubmissionError(SlurmError, SubmissionError):
    """Slurm refused a job."""


class SlurmCancellationError(SlurmError, JobCancelledError):
    """A job in Slurm was cancelled while somebody waited for its result."""


class FunctionIdError(AsyncMDError, ValueError):
    """No id that is the same in every process can be derived for a function."""


class FunctionCrashedError(AsyncMDError):
    """The process in which a function was evaluated ended without a result."""


class ForeignFileError(AsyncMDError, ValueError):
    """A file is not of the kind, size or form that it has to be; somebody else wrote it."""


class FileSystemError(AsyncMDError, OSError):
    """A file system has given errors for hours."""


class UntrustedFolderError(AsyncMDError, PermissionError):
    """A folder or file that has to be this user's own can have been written by others."""


class TruncatedTrajectoryError(AsyncMDError, ValueError):
    """A trajectory file ends in the middle of a frame."""


class DrawnVelocitiesWarning(UserWarning):
    """A start has no velocities, or some that are not used: new ones are drawn."""


class EqualWalkersWarning(UserWarning):
    """Several walkers would compute the same trajectory, because nothing in it is random."""


class GuessedMassesWarning(UserWarning):
    """Velocities are drawn with masses that were guessed from the names of atoms."""


class OpenFolderWarning(UserWarning):
    """Others could write to the folder of a run, which is closed to them now."""


class NoFileLocksWarning(UserWarning):
    """A file system has no locks; files beside those to be locked are used in their place."""
