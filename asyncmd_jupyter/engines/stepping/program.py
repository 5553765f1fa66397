"""What every worker does: read the specification, compute it, answer requests to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from asyncmd_jupyter.engines.stepping.integrate import PartRun
from asyncmd_jupyter.engines.stepping.simulation import SimulationFactory
from asyncmd_jupyter.engines.stepping.spec import PartSpec, read_spec
from asyncmd_jupyter.engines.stepping.zero_step import make_configuration


def stop_on_signals() -> threading.Event:
    """Answer SIGTERM and SIGINT from now on by setting an event."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_program(
    arguments: Sequence[str],
    stop: threading.Event,
    make: SimulationFactory,
    failures: tuple[type[Exception], ...] = (),
) -> None:
    """Compute a specification.

    Parameters
    ----------
    arguments : sequence of str
        The file with the specification.
    stop : threading.Event
        When set, the state is saved and the program ends.
    make : SimulationFactory
    failures : tuple of type
        Exceptions of the program whose message is all a user needs.

    Raises
    ------
    SystemExit
        With the last words of a simulation that failed, for the job's error output.
    """
    file = Path(arguments[0])
    spec = read_spec(file)
    caught: tuple[type[Exception], ...] = (FloatingPointError, *failures)
    try:
        if isinstance(spec, PartSpec):
            PartRun(spec, file.parent, make, stop.is_set).run()
        else:
            make_configuration(spec, file.parent, make)
    except caught as error:
        raise SystemExit(str(error)) from error
