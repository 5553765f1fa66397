"""Single jobs of Slurm."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.errors import SlurmCancellationError, SlurmError, SlurmSubmissionError
from asyncmd_jupyter.slurm import cluster_mediator, constants_and_errors, process
from asyncmd_jupyter.slurm.cluster_mediator import SlurmClusterMediator
from asyncmd_jupyter.slurm.constants_and_errors import SLURM_STATE_TO_EXITCODE
from asyncmd_jupyter.slurm.process import SlurmProcess, create_slurmprocess_submit

if TYPE_CHECKING:
    from asyncmd_jupyter.config import set_all_slurm_settings, set_slurm_settings

__all__ = [
    "SLURM_STATE_TO_EXITCODE",
    "SlurmCancellationError",
    "SlurmClusterMediator",
    "SlurmError",
    "SlurmProcess",
    "SlurmSubmissionError",
    "cluster_mediator",
    "constants_and_errors",
    "create_slurmprocess_submit",
    "process",
    "set_all_slurm_settings",
    "set_slurm_settings",
]

_OF_CONFIG = ("set_all_slurm_settings", "set_slurm_settings")  # which loads numpy


def __getattr__(name: str) -> Any:
    if name in _OF_CONFIG:
        return getattr(importlib.import_module("asyncmd_jupyter.config"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
