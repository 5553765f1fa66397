"""How the cluster is asked, and what is known of its nodes."""

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs.slurm.process_settings import SlurmClusterMediator

__all__ = ["SlurmClusterMediator", "SlurmError"]
