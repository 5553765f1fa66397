"""Thousands of independent particles in one OpenMM system, and what their frames tell.

The numbers are those of DW: one particle of 40 amu in ``h ((x/a)^2 - 1)^2`` along x, with
h = 8 kJ/mol and a = 0.25 nm, at 300 K. State A is x <= -0.2 nm, B is x >= 0.2 nm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame

Floats = NDArray[np.float64]
POTENTIAL = "8 * ((x / 0.25)^2 - 1)^2 + 500 * (y^2 + z^2)"
EDGE = 0.2
MASS = 40.0
TIME_STEP = 0.01
THERMAL_VELOCITY = float(np.sqrt(0.00831446261815324 * 300 / MASS))


@dataclass(frozen=True)
class Dynamics:
    """A way of moving, with the exact answers for a frame every 10 steps of 0.01 ps.

    Attributes
    ----------
    integrator : str
    friction : float
        1/ps
    committor : dict
        x0 in nm -> probability to come to B before A, with its own error.
    exit_time : tuple of float
        Mean time in ps from x0 = 0 to either state, and its error.
    passage_time : tuple of float
        Mean time in ps from x0 = -0.25 nm to B, and its error.
    relaxation : float
        Time in ps after which the rate from the left well to B is constant.
    """

    integrator: str
    friction: float
    committor: dict[float, tuple[float, float]] = field(hash=False)
    exit_time: tuple[float, float]
    passage_time: tuple[float, float]
    relaxation: float


def _symmetric(left: dict[float, tuple[float, float]]) -> dict[float, tuple[float, float]]:
    right = {-x: (1 - q, error) for x, (q, error) in left.items()}
    return {**left, 0.0: (0.5, 0.0), **right}


LANGEVIN = Dynamics(
    integrator="LangevinMiddle",
    friction=4.0,
    committor=_symmetric({-0.1: (0.0896, 2e-4), -0.05: (0.2427, 3e-4)}),
    exit_time=(1.1319, 4e-4),
    passage_time=(58.16, 0.18),
    relaxation=8.0,
)
BROWNIAN = Dynamics(
    integrator="Brownian",
    friction=20.0,
    committor=_symmetric({-0.1: (0.098020, 0.0), -0.05: (0.252902, 0.0)}),
    exit_time=(3.2447, 0.0),
    passage_time=(200.061, 0.0),
    relaxation=20.0,
)


def replica_engine(dynamics: Dynamics, n_replicas: int, x: float, seed: int) -> OpenMMEngine:
    """An engine whose particles all start at `x`."""
    import openmm

    system, force = openmm.System(), openmm.CustomExternalForce(POTENTIAL)
    for _ in range(n_replicas):
        force.addParticle(system.addParticle(MASS), [])
    system.addForce(force)
    return OpenMMEngine(
        system,
        positions=np.tile([x, 0.0, 0.0], (n_replicas, 1)),
        integrator=dynamics.integrator,
        friction=dynamics.friction,
        timestep=TIME_STEP,
        nstout=10,
        platform="Reference",
        seed=seed,
    )


def force_at(x: float) -> float:
    """Along x in kJ/mol/nm."""
    return -4 * 8 * x * ((x / 0.25) ** 2 - 1) / 0.25**2


def write_start(path: Path, x: float, velocities: Floats) -> Path:
    """A TRR frame with all replicas at `x` and the given velocities along x in nm/ps."""
    positions = np.tile([x, 0.0, 0.0], (len(velocities), 1))
    moving = np.zeros_like(positions)
    moving[:, 0] = velocities
    with path.open("wb") as file:
        write_trr_frame(file, TrrFrame(0, 0.0, np.zeros((3, 3)), positions, moving))
    return path


class FirstPassages:
    """When each replica is first seen where it is waited for.

    Attributes
    ----------
    times : NDArray
        ps, infinite for those that were not seen there yet.
    in_b : NDArray
        Whether that was in B.
    observed : float
        ps until which all replicas were watched.
    """

    def __init__(self, n_replicas: int, arrived: Callable[[Floats], NDArray[np.bool_]]) -> None:
        self._arrived = arrived
        self.times = np.full(n_replicas, np.inf)
        self.in_b = np.zeros(n_replicas, dtype=bool)
        self.observed = 0.0

    def read(self, part: Trajectory) -> None:
        """Take in the frames that follow."""
        for index in range(len(part)):
            frame = read_frame(part, index)
            x = frame.positions[:, 0]
            new = np.isinf(self.times) & self._arrived(x)
            self.times[new] = frame.time
            self.in_b[new] = x[new] > 0
            self.observed = frame.time

    @property
    def complete(self) -> bool:
        """Whether nobody is left who has not arrived."""
        return bool(np.isfinite(self.times).all())


def in_a_or_b(x: Floats) -> NDArray[np.bool_]:
    return np.abs(x) >= EDGE


def in_b(x: Floats) -> NDArray[np.bool_]:
    return x >= EDGE


async def watch(
    engine: OpenMMEngine,
    folder: Path,
    arrived: Callable[[Floats], NDArray[np.bool_]],
    *,
    part_time: float,
    start: Path | None = None,
    total_time: float = np.inf,
) -> FirstPassages:
    """Compute part by part until all replicas have arrived, or for a total time in ps."""
    passages = FirstPassages(engine.n_atoms, arrived)
    await engine.prepare(start, folder, "replicas")
    while not passages.complete and passages.observed < total_time:
        part = await engine.run_steps(round(part_time / engine.dt), steps_per_part=True)
        assert part is not None
        passages.read(part)
    return passages


def mean_of_censored(times: Floats, observed: float, relaxation: float) -> float:
    """Mean first-passage time when not everybody arrived while they were observed.

    Behind `relaxation` the rate is constant, so what nobody has seen follows from it: the
    mean is that of the time up to there, plus for those who are left one over the rate,
    which is what they spent together for each arrival.
    """
    late = times[times > relaxation]
    spent = (np.minimum(late, observed) - relaxation).sum()
    remaining = spent / np.count_nonzero(late <= observed)
    return float(np.minimum(times, relaxation).mean() + len(late) / len(times) * remaining)


def bootstrap_error(statistic: Callable[[Floats], float], sample: Floats, seed: int = 0) -> float:
    """Standard error of a statistic of a sample."""
    generator = np.random.default_rng(seed)
    again = [statistic(generator.choice(sample, len(sample))) for _ in range(200)]
    return float(np.std(again))


def assert_agrees(found: float, error: float, exact: tuple[float, float] | Any) -> None:
    """Within 3.5 of the standard errors of both."""
    value, its_error = exact
    sigma = np.hypot(error, its_error)
    deviation = abs(found - value) / sigma
    assert deviation < 3.5, f"{found:.4f} +- {sigma:.4f} is {deviation:.1f} sigma off {value:.4f}"
