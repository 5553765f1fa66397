"""The runs of this kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncmd_jupyter import runtime

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.running import Run


class Runs:
    """All runs of this kernel by their names."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    @classmethod
    def create(cls, _: runtime.Runtime) -> Runs:
        """Make the service of a runtime."""
        return cls()

    @classmethod
    def current(cls) -> Runs:
        """The service of the current runtime."""
        return runtime.current().service(cls.create)

    def add(self, run: Run) -> None:
        """Take in a run, in place of an ended one of the same name."""
        self._runs[run.id] = run

    def forget(self, name: str) -> None:
        """Take an ended run off the list; its files stay, and `attach_runs` brings it back.

        Raises
        ------
        ValueError
            It goes on, or there is none.
        """
        if not self.get(name).done:
            raise ValueError(f"The run {name!r} goes on: cancel or hold it, or wait for its end.")
        del self._runs[name]

    def get(self, name: str) -> Run:
        """The run of a name.

        Raises
        ------
        ValueError
            Naming those that there are.
        """
        if name not in self._runs:
            known = ", ".join(self._runs) or "none yet"
            raise ValueError(f"There is no run named {name!r} in this kernel; there are: {known}.")
        return self._runs[name]

    def all(self) -> list[Run]:
        """All runs, oldest first."""
        return list(self._runs.values())

    def is_active(self, name: str) -> bool:
        """Whether a run of this name is going on."""
        run = self._runs.get(name)
        return run is not None and not (run.done or run.is_left)
