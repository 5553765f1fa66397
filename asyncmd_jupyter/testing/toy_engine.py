"""An engine that is quick enough for unit tests and writes real trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.facts import EngineFacts
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.engine import SteppingEngine
from asyncmd_jupyter.frames.masses import unchangeable
from asyncmd_jupyter.frames.structure import Structure, one_atom
from asyncmd_jupyter.testing.double_well import DoubleWell

WORKER = "asyncmd_jupyter.testing.toy_worker"


class ToyEngine(SteppingEngine):
    """One particle in a double well, with checkpoints and frames like a real engine.

    Runs as a process with the launcher ``local``, or in a thread with the in-memory one::

        launcher = MemoryLauncher({WORKER: toy_worker.main})
        JobManager.current().register(launcher)
        engine = ToyEngine(x=-0.25, launcher="memory")

    Parameters
    ----------
    x : float
        Where it begins, in nm.
    nstout : int
        MD steps between two frames.
    nstenergy : int, optional
        MD steps between two rows of energies; see `OpenMMEngine`.
    launcher, sbatch_options
        As for any engine.
    seed : int, optional
        Of all random numbers; see `OpenMMEngine`.
    **model
        Fields of `DoubleWell`.
    """

    worker: ClassVar[str] = WORKER

    def __init__(
        self,
        x: float = -0.25,
        *,
        nstout: int = 10,
        nstenergy: int | None = None,
        launcher: str | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
        **model: Any,
    ) -> None:
        self._model = DoubleWell(**model)
        super().__init__(
            _OneParticle(x, one_atom("AR", "AR", "Ar", 39.948, self._model.mass)),
            nstout=nstout,
            nstenergy=nstenergy,
            launcher=launcher,
            sbatch_options=sbatch_options,
            seed=seed,
        )
        self._x = x

    @property
    def x(self) -> float:
        """Where it begins, in nm."""
        return self._x

    @property
    def n_atoms(self) -> int:
        """One particle."""
        return 1

    @property
    def dt(self) -> float:
        """MD time step in ps."""
        return self._model.timestep

    @property
    def temperature(self) -> float:
        """In K."""
        return self._model.temperature

    @property
    def has_noise(self) -> bool:
        """Whether there is friction, and so noise."""
        return self._model.friction > 0 or self._model.dynamics == "brownian"

    @property
    def masses(self) -> NDArray[np.float64]:
        """Of the particle, in amu."""
        return unchangeable([self._model.mass])

    @property
    def constraints(self) -> NDArray[np.int64]:
        """None at all."""
        return np.zeros((0, 2), np.int64)

    def _identity(self) -> dict[str, str]:
        return {"model": str(self._model)}

    def _engine_facts(self) -> EngineFacts:
        model = {name: value for name, value in asdict(self._model).items() if name != "seed"}
        return replace(super()._engine_facts(), parameters={"nstout": self.nstout, **model})

    def _physics(self, name: str) -> dict[str, Any]:
        return asdict(self._model) | {"seed": self._seed}

    def _write_physics(self, folder: Path, name: str) -> None:
        """All of it is in the specification."""


@dataclass(frozen=True)
class _OneParticle:
    x: float
    structure: Structure
    structure_file: None = None

    def configuration(self) -> Configuration:
        return Configuration(np.array([[self.x, 0.0, 0.0]]))
