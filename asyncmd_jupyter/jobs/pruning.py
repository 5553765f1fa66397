"""Forget jobs that ended long ago, so that the store does not grow for ever."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.heartbeat import forget_kernels
from asyncmd_jupyter.jobs.store import JobStore

logger = logging.getLogger(__name__)


def prune(store: JobStore, keep: timedelta, budget_since: datetime | None) -> None:
    """Take jobs off the store that ended before a time; their folders stay.

    Parameters
    ----------
    store : JobStore
    keep : timedelta
        For how long jobs that have ended are kept.
    budget_since : datetime, optional
        Since when core hours count, if there is a budget: jobs in Slurm that ended later stay.
    """
    before = time.time() - keep.total_seconds()
    slurm_before = before if budget_since is None else budget_since.timestamp()
    try:
        n_gone = store.prune(before, slurm_before)
    except JobError as error:
        logger.warning("Jobs that ended long ago can't be taken off the store: %s", error)
        return
    if n_gone:
        logger.info("%d jobs that ended more than %d days ago were forgotten.", n_gone, keep.days)
    with suppress(OSError):
        forget_kernels(store.folder, before)
