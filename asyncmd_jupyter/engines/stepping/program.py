"""What every worker does: read the specification, compute it, answer requests to stop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from asyncmd_jupyter.engines.stepping.integrate import PartRun
from asyncmd_jupyter.engines.stepping.simulation import SimulationFactory
from asyncmd_jupyter.engines.stepping.spec import PartSpec, read_spec
from asyncmd_jupyter.engines.stepping.worker_log import Log, silent, to_standard_output
from asyncmd_jupyter.engines.stepping.zero_step import make_configuration
from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.files.disks import disk_of, is_full

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_as_process(program: Callable[[Sequence[str], threading.Event, Log], None]) -> None:
    """Run a program that SIGTERM and SIGINT ask to save its state and end."""
    stop = threading.Event()
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    program(sys.argv[1:], stop, to_standard_output)
    # All is saved: a signal while the interpreter ends must not make that a failure.
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run_program(
    arguments: Sequence[str],
    stop: threading.Event,
    make: SimulationFactory,
    failures: tuple[type[Exception], ...] = (),
    log: Log = silent,
) -> None:
    """Compute a specification.

    Parameters
    ----------
    arguments : sequence of str
        The file with the specification, and what `digest_of_spec` gave for it.
    stop : threading.Event
        When set, the state is saved and the program ends.
    make : SimulationFactory
    failures : tuple of type
        Exceptions of the program whose message is all a user needs.
    log : Log
        Takes lines for people.

    Raises
    ------
    SystemExit
        With the last words of a simulation that failed, for the job's error output.
    """
    file, digest = Path(arguments[0]), "".join(arguments[1:2])
    caught: tuple[type[Exception], ...] = (FloatingPointError, AsyncMDError, *failures)
    try:
        spec = read_spec(file, digest)
        if isinstance(spec, PartSpec):
            PartRun(spec, file.parent, make, stop.is_set, log).run()
        else:
            make_configuration(spec, file.parent, make)
    except OSError as error:
        raise SystemExit(_told(error, file)) from error
    except caught as error:
        raise SystemExit(str(error)) from error


def _told(error: OSError, file: Path) -> str:
    """Name the disk of an error that names a file only, or nothing."""
    is_named = not is_full(error) or "the file system" in str(error)
    return str(error) if is_named else f"{error} ({disk_of(error.filename or file)})"
