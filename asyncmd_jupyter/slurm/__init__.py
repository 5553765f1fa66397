"""Single jobs of Slurm."""

from asyncmd_jupyter.slurm import cluster_mediator, constants_and_errors, process
from asyncmd_jupyter.slurm.process import SlurmProcess, create_slurmprocess_submit

__all__ = [
    "SlurmProcess",
    "cluster_mediator",
    "constants_and_errors",
    "create_slurmprocess_submit",
    "process",
]
