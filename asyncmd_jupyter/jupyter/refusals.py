"""Why runs were not started: what ``%asyncmd why`` can tell of names without a run."""

from __future__ import annotations

from asyncmd_jupyter import runtime


class Refusals:
    """What conditions raised when they were asked about the start; a service of the runtime."""

    def __init__(self, _: runtime.Runtime | None = None) -> None:
        self._errors: dict[str, Exception] = {}

    @classmethod
    def current(cls) -> Refusals:
        """Return the service of the current runtime."""
        return runtime.current().service(cls)

    def add(self, name: str, error: Exception) -> None:
        """Keep the newest error of a name."""
        self._errors[name] = error

    def of(self, name: str) -> Exception | None:
        """Return why the run of this name was not started, if that is known."""
        return self._errors.get(name)
