"""What whoever runs the server can choose, as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How often is looked, and what may be seen.

    Attributes
    ----------
    poll_interval : float
        Seconds between two looks at the store while somebody listens.
    queue_interval : float
        Seconds between two calls of squeue.
    history_interval : float
        Seconds between two calls of sacct.
    command_seconds : float
        After which a command of Slurm is given up.
    keep_alive : float
        Seconds after which a silent stream says that it lives.
    log_limit : int
        Most bytes of a log that are handed out.
    ended_days : float
        For how long jobs that have ended are shown.
    most_jobs : int
        Stored jobs that are shown; those that have not ended come first.
    show_other_jobs : bool
        Whether jobs of the user that are not ours may be shown and changed.
    """

    poll_interval: float = 2.0
    queue_interval: float = 10.0
    history_interval: float = 60.0
    command_seconds: float = 20.0
    keep_alive: float = 15.0
    log_limit: int = 256 * 1024
    ended_days: float = 7.0
    most_jobs: int = 10_000
    show_other_jobs: bool = True
