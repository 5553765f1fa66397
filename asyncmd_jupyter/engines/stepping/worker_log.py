"""What a worker says for people: what it computes, how far it is, and why it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from asyncmd_jupyter.engines.energies.names import POTENTIAL, TEMPERATURE
from asyncmd_jupyter.engines.stepping.simulation import Described, Simulation
from asyncmd_jupyter.engines.stepping.spec import PartSpec

Log = Callable[[str], None]
"""Takes one line."""

# Seconds between two lines on the progress: few are enough for a part of days.
_PAUSES = (1.0, 60.0)
_SECONDS_PER_DAY = 86400.0
_STANDARD_OUTPUT = 1


def silent(_: str) -> None:
    """Say nothing."""


def to_standard_output(line: str) -> None:
    """Write a line at once; a log that can't be written ends no simulation."""
    with suppress(OSError):
        os.write(_STANDARD_OUTPUT, f"{line}\n".encode(errors="replace"))


class PartLog:
    """The log of one part.

    Parameters
    ----------
    log : Log
    spec : PartSpec
    simulation : Simulation
    """

    def __init__(self, log: Log, spec: PartSpec, simulation: Simulation) -> None:
        self._log = log
        self._spec = spec
        self._simulation = simulation
        self._energies: Mapping[str, float] = {}
        self._begin = time.monotonic()
        self._first_step, self._first_time = simulation.step_count, simulation.time
        self._pause = _PAUSES[0]
        self._due = self._begin + self._pause

    def begin(self, how: str) -> None:
        """Say what is computed; `how` says from where."""
        spec, simulation = self._spec, self._simulation
        lines = simulation.description() if isinstance(simulation, Described) else []
        for line in lines:
            self._log(line)
        self._log(f"Part {spec.part} {how}, at {self._where()}{self._aim()}.")
        energies = f"; energies every {spec.nstenergy} steps in {spec.energies}"
        self._log(
            f"A frame every {spec.nstout} steps in {spec.trajectory}"
            f"{energies if spec.nstenergy else '; no energies are written'}."
        )

    def _aim(self) -> str:
        spec = self._spec
        aims = [] if spec.last_step is None else [f"step {spec.last_step}"]
        aims += [] if spec.seconds is None else [f"{spec.seconds:g} s of wall time have passed"]
        return f", until {' or '.join(aims)}" if aims else ""

    def energies(self, values: Mapping[str, float]) -> None:
        """Take the last ones, for the next line."""
        self._energies = values

    def progress(self) -> None:
        """Say how far it is, if it was not said lately."""
        now = time.monotonic()
        if now >= self._due:
            self._pause = min(2 * self._pause, _PAUSES[1])
            self._due = now + self._pause
            self._log(", ".join([self._where(), *self._speed(), *self._physics()]))

    def end(self, why: str) -> None:
        """Say why it ends, and how quick it was."""
        seconds = time.monotonic() - self._begin
        self._log(", ".join([f"{why} at {self._where()}", *self._physics()]))
        steps = self._simulation.step_count - self._first_step
        said = [f"{steps} steps in {seconds:.1f} s", *self._speed()]
        self._log(f"This part: {', '.join(said)}.")

    def warn(self, line: str) -> None:
        """Say what went wrong without ending the part."""
        self._log(f"Warning: {line}")

    def _where(self) -> str:
        return f"step {self._simulation.step_count} ({self._simulation.time:.6g} ps)"

    def _speed(self) -> list[str]:
        seconds = time.monotonic() - self._begin
        nanoseconds = (self._simulation.time - self._first_time) / 1000
        if not (seconds and nanoseconds):
            return []
        return [f"{nanoseconds * _SECONDS_PER_DAY / seconds:.3g} ns/day"]

    def _physics(self) -> list[str]:
        shown = (POTENTIAL, TEMPERATURE)
        return [_in_words(*item) for item in self._energies.items() if item[0].startswith(shown)]


def _in_words(title: str, value: float) -> str:
    name, _, unit = title.removesuffix(")").partition(" (")
    return f"{name.lower()} {value:.6g} {unit}".rstrip()
