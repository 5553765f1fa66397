"""The checks of ``physical_validation`` on simulations of an engine."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import physical_validation as pv
from engine_systems import alanine_engine
from gromacs_systems import gromacs_engine as alanine_of_gromacs

from asyncmd_jupyter.frames.extract import (
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.read import read_frame

from . import argon
from .argon import N_ATOMS, Conditions
from .observables import Observables, kinetic_energies, observables

N_DRAWS = 4000
MOST_SIGMA = 4.0  # a false alarm in 16,000 checks
MOST_OFF = 0.1  # relative, of the ratio of fluctuations for half the time step
EQUILIBRATION = 50.0  # ps
COLDER, HOTTER, DENSER = 100.0, 104.0, 200.0  # K, K, bar
LIGHTER = 100.0  # bar
TIME_STEPS = (0.016, 0.008, 0.004)  # ps
LENGTH_OF_NVE = 20.0  # ps
MAKERS: dict[str, Callable[[Conditions, Path], Any]] = {
    "OpenMM": argon.openmm_engine,
    "GROMACS": argon.gromacs_engine,
}


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Attributes
    ----------
    engine, check : str
    found : str
        In words, with its unit.
    is_right : bool
    """

    engine: str
    check: str
    found: str
    is_right: bool


class Validation:
    """All checks for one engine.

    Parameters
    ----------
    kind : str
        ``OpenMM`` or ``GROMACS``.
    folder : Path
    length : float
        ps of each simulation with a thermostat.
    """

    def __init__(self, kind: str, folder: Path, length: float) -> None:
        self._kind, self._folder, self._length = kind, folder, length
        self._make = MAKERS[kind]

    def results(self) -> Iterator[Result]:
        """One after the other."""
        yield self._drawn()
        cold = self._simulated(Conditions(COLDER))
        yield self._distribution("kinetic energy of argon at 100 K", cold, False)
        yield self._ensemble("NVT, 100 and 104 K", cold, self._simulated(Conditions(HOTTER)))
        light = self._simulated(Conditions(COLDER, LIGHTER))
        hot, dense = Conditions(HOTTER, LIGHTER), Conditions(COLDER, DENSER)
        yield self._ensemble("NPT, 100 and 104 K", light, self._simulated(hot))
        yield self._ensemble("NPT, 100 and 200 bar", light, self._simulated(dense))
        yield self._order()

    def _drawn(self) -> Result:
        """Velocities that are drawn for a molecule with constraints."""
        engine = alanine_engine() if self._kind == "OpenMM" else alanine_of_gromacs()
        start = asyncio.run(engine.generate_velocities(None, self._folder / "start.trr"))
        extractor = RandomVelocitiesFrameExtractor.of(engine, seed=1)
        target = self._folder / "drawn.trr"
        frames = [
            read_frame(extractor.extract(target, start, 0, overwrite=True), 0)
            for _ in range(N_DRAWS)
        ]
        system = pv.data.SystemData(
            natoms=engine.n_atoms,
            nconstraints=len(engine.constraints),
            ndof_reduction_tra=3 if engine.removes_com else 0,
            ndof_reduction_rot=0,
        )
        kinetic = kinetic_energies(frames, engine.masses)
        data = _data(
            Conditions(engine.temperature), system, kinetic, timestep=engine.dt, volume=1.0
        )
        return self._distribution("velocities drawn, with constraints", data, True)

    def _distribution(self, check: str, data: Any, uncorrelated: bool) -> Result:
        options = {"verbosity": 0, "bootstrap_seed": 1, "data_is_uncorrelated": uncorrelated}
        with _quiet():
            mean, width = pv.kinetic_energy.distribution(data, **options)
            other = _at(data, 1.02 * data.ensemble.temperature)
            noticed, _ = pv.kinetic_energy.distribution(other, **options)
        found = (
            f"mean {mean:.1f} and width {width:.1f} sigma off (a mean 2 % off were {noticed:.1f})"
        )
        return Result(self._kind, check, found, max(mean, width) < MOST_SIGMA)

    def _ensemble(self, check: str, one: Any, other: Any) -> Result:
        with _quiet():
            (off,) = pv.ensemble.check(one, other, verbosity=0, bootstrap_seed=1)
        return Result(self._kind, check, f"{off:.1f} sigma off", off < MOST_SIGMA)

    def _order(self) -> Result:
        start = self._equilibrated()
        runs = [
            self._simulated(
                Conditions(timestep=dt, energy_is_kept=True, every=1), LENGTH_OF_NVE, start
            )
            for dt in TIME_STEPS
        ]
        with _quiet():
            off = pv.integrator.convergence(runs, verbose=False)
        widths = [float(np.std(run.observables.constant_of_motion)) for run in runs]
        ratios = ", ".join(f"{a / b:.2f}" for a, b in pairwise(widths))
        found = f"fluctuations for half the time step smaller by {ratios} times (4 expected)"
        return Result(self._kind, "order of the integrator", found, off < MOST_OFF)

    def _equilibrated(self) -> Any:
        return asyncio.run(self._run(self._make(Conditions(), self._new_folder()), EQUILIBRATION))

    def _simulated(
        self, conditions: Conditions, length: float | None = None, start: Any = None
    ) -> Any:
        folder = self._new_folder()
        engine = self._make(conditions, folder)
        found = asyncio.run(self._observed(engine, length or self._length, start))
        system = pv.data.SystemData(
            natoms=N_ATOMS,
            nconstraints=0,
            ndof_reduction_tra=3 if _keeps_com(engine) else 0,
            ndof_reduction_rot=0,
        )
        return _data(conditions, system, found.kinetic, timestep=engine.dt, others=found)

    async def _observed(self, engine: Any, length: float, start: Any) -> Observables:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        begin, velocities = _last_of(start, folder), "new" if start is None else "keep"
        await engine.prepare(begin, folder, "sim", velocities=velocities)
        if start is None:
            await engine.run_steps(_steps(EQUILIBRATION, engine))
        part = await engine.run_steps(_steps(length, engine), steps_per_part=True)
        return observables(engine, part)

    async def _run(self, engine: Any, length: float) -> Any:
        await engine.prepare(None, self._new_folder(), "sim", velocities="new")
        return await engine.run_steps(_steps(length, engine))

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))


def _last_of(trajectory: Any, folder: Path) -> Any:
    if trajectory is None:
        return None
    return NoModificationFrameExtractor().extract(folder / "start.trr", trajectory, -1)


def _steps(length: float, engine: Any) -> int:
    return round(length / (engine.dt * engine.nstout)) * engine.nstout


def _keeps_com(engine: Any) -> bool:
    mdp = getattr(engine, "mdp", None)
    return mdp is not None and mdp.get("comm-mode", "Linear") != "None"


def _data(
    conditions: Conditions,
    system: Any,
    kinetic: np.ndarray,
    *,
    timestep: float,
    volume: float = argon.BOX**3,
    others: Observables | None = None,
) -> Any:
    more = {}
    if others is not None:
        more = {
            "potential_energy": others.potential,
            "total_energy": others.total,
            "constant_of_motion": others.total,  # of the runs without a thermostat
            "volume": others.volume,
        }
    return pv.data.SimulationData(
        units=pv.data.UnitData.units("GROMACS"),
        dt=timestep,
        system=system,
        ensemble=pv.data.EnsembleData(
            conditions.ensemble,
            natoms=system.natoms,
            volume=volume if conditions.pressure is None else None,
            pressure=conditions.pressure,
            temperature=None if conditions.energy_is_kept else conditions.temperature,
        ),
        observables=pv.data.ObservableData(kinetic_energy=kinetic, **more),
    )


def _at(data: Any, temperature: float) -> Any:
    """The same as if another temperature had been asked for."""
    ensemble = pv.data.EnsembleData(
        "NVT", natoms=data.system.natoms, volume=1.0, temperature=temperature
    )
    return pv.data.SimulationData(
        units=data.units,
        dt=data.dt,
        system=data.system,
        ensemble=ensemble,
        observables=data.observables,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what ``physical_validation`` and ``pymbar`` print."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
