"""The process of a `ToyEngine`: ``python -m asyncmd_jupyter.testing.toy_worker spec.json``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from asyncmd_jupyter.engines.stepping.program import run_program, stop_on_signals
from asyncmd_jupyter.testing.double_well import DoubleWellSimulation


def main(arguments: Sequence[str], stop: threading.Event) -> None:
    """Compute a specification."""
    run_program(arguments, stop, DoubleWellSimulation.from_spec)


if __name__ == "__main__":
    main(sys.argv[1:], stop_on_signals())
