"""The process that computes: ``python -m asyncmd_jupyter.engines.openmm.worker spec.json``.

Reads a specification, works in the current folder, answers SIGTERM and SIGINT by saving
its state and ending with exit code 0. Needs OpenMM and numpy, nothing else.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from asyncmd_jupyter.engines.openmm.spec import ConfigurationSpec, PartSpec, read_spec


class StopFlag:
    """Remembers that a signal asked for the end."""

    def __init__(self) -> None:
        self.is_set = False

    def listen(self) -> None:
        """Answer SIGTERM and SIGINT from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self.is_set = True


def main(argv: Sequence[str]) -> int:
    """Do what the specification says and return the exit code."""
    flag = StopFlag()
    flag.listen()
    spec = read_spec(Path(argv[0]))
    # OpenMM takes a while to load: signals have to be heard before.
    from openmm import OpenMMException

    try:
        if isinstance(spec, PartSpec):
            _run_part(spec, lambda: flag.is_set)
        else:
            _make_configuration(spec)
    except (OpenMMException, FloatingPointError) as error:
        print(f"OpenMM: {error}", file=sys.stderr)  # noqa: T201 - the job's error output
        return 1
    return 0


def _run_part(spec: PartSpec, stop_requested: Callable[[], bool]) -> None:
    from asyncmd_jupyter.engines.openmm.integrate import PartRun

    PartRun(spec, stop_requested).run()


def _make_configuration(spec: ConfigurationSpec) -> None:
    from asyncmd_jupyter.engines.openmm.zero_step import make_configuration

    make_configuration(spec)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
