"""OpenMM in Slurm as a class of its own."""

from __future__ import annotations

from typing import Any

from asyncmd_jupyter.engines.keywords import check_keywords
from asyncmd_jupyter.engines.openmm.engine import OpenMMEngine


class SlurmOpenMMEngine(OpenMMEngine):
    """An `OpenMMEngine` that runs in Slurm: ``OpenMMEngine(…, launcher="slurm")``."""

    def __init__(
        self,
        system: Any,
        topology: Any = None,
        positions: Any = None,
        *,
        launcher: str = "slurm",
        **options: Any,
    ) -> None:
        check_keywords(type(self), OpenMMEngine, options)
        super().__init__(system, topology, positions, launcher=launcher, **options)
