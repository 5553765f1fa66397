"""Building blocks of path sampling and of other methods for rare events."""

from asyncmd_jupyter.methods.cv import CV
from asyncmd_jupyter.methods.path import Path
from asyncmd_jupyter.methods.sampler import Sampler
from asyncmd_jupyter.methods.snapshot import Snapshot

__all__ = ["CV", "Path", "Sampler", "Snapshot"]
