"""The process of a `ToyEngine`: ``python -m asyncmd_jupyter.testing.toy_worker spec.json``."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from asyncmd_jupyter.engines.stepping.program import run_as_process, run_program
from asyncmd_jupyter.engines.stepping.worker_log import Log, silent
from asyncmd_jupyter.testing.double_well import DoubleWellSimulation


def main(arguments: Sequence[str], stop: threading.Event, log: Log = silent) -> None:
    """Compute a specification."""
    run_program(arguments, stop, DoubleWellSimulation.from_spec, log=log)


if __name__ == "__main__":
    run_as_process(main)
