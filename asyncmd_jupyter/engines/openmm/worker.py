"""The process that computes: ``python -m asyncmd_jupyter.engines.openmm.worker spec.json``.

Answers SIGTERM and SIGINT by saving its state and ending with exit code 0. Needs OpenMM
and numpy, nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from asyncmd_jupyter.engines.stepping.program import run_as_process, run_program
from asyncmd_jupyter.engines.stepping.worker_log import Log, silent


def main(arguments: Sequence[str], stop: threading.Event, log: Log = silent) -> None:
    """Compute a specification."""
    from openmm import OpenMMException

    from asyncmd_jupyter.engines.openmm.simulation import OpenMMSimulation

    run_program(arguments, stop, OpenMMSimulation.from_spec, (OpenMMException,), log)


if __name__ == "__main__":
    # OpenMM takes a while to load: signals have to be heard before.
    run_as_process(main)
