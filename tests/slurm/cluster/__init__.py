"""A throw-away Slurm cluster for tests, development and courses."""

from .cluster import Cluster
from .configuration import MEMORY_LIMITS
from .doorman import Doorman
from .waiting import ClusterError, wait_until

__all__ = ["MEMORY_LIMITS", "Cluster", "ClusterError", "Doorman", "wait_until"]
