"""The process that computes a batch, with a specification and its digest as arguments.

SIGTERM and SIGINT end it after the segment that it computes.
"""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.stepping.batch import BatchRun, BatchSpec, Judge
from asyncmd_jupyter.engines.stepping.unchanged import read_unchanged

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: Sequence[str], stop: threading.Event) -> None:
    """Compute a batch."""
    from openmm import OpenMMException

    file, digest = Path(arguments[0]), arguments[1]
    spec, folder = BatchSpec.read(file, digest), file.parent
    module, _, name = spec.simulation.partition(":")
    make: Any = getattr(importlib.import_module(module), name)
    simulation = make.from_spec(spec.physics, 1, folder)
    judge = _judge(spec, folder)
    BatchRun(spec, folder, simulation, judge, stop.is_set, (OpenMMException,)).run()


def _judge(spec: BatchSpec, folder: Path) -> Judge:
    if not spec.conditions:
        return lambda _positions, _box: None
    from asyncmd_jupyter.methods.in_memory import unpickled_conditions

    content = read_unchanged(folder / spec.conditions, spec.digests[spec.conditions])
    return unpickled_conditions(content)


if __name__ == "__main__":
    asked = threading.Event()
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda *_: asked.set())
    main(sys.argv[1:], asked)
