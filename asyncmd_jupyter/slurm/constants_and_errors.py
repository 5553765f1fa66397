"""Slurm's words for states, and what goes wrong with its jobs."""

from asyncmd_jupyter.errors import SlurmCancellationError, SlurmError, SlurmSubmissionError
from asyncmd_jupyter.jobs.slurm.process_outcome import SLURM_STATE_TO_EXITCODE

__all__ = [
    "SLURM_STATE_TO_EXITCODE",
    "SlurmCancellationError",
    "SlurmError",
    "SlurmSubmissionError",
]
