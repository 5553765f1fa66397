"""One script in Slurm."""

from asyncmd_jupyter.errors import SlurmCancellationError, SlurmError, SlurmSubmissionError
from asyncmd_jupyter.jobs.slurm.process import SlurmProcess
from asyncmd_jupyter.jobs.slurm.process_creation import create_slurmprocess_submit

__all__ = [
    "SlurmCancellationError",
    "SlurmError",
    "SlurmProcess",
    "SlurmSubmissionError",
    "create_slurmprocess_submit",
]
