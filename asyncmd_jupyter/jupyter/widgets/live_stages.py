"""How many molecules are alive in the pages: browsers allow only few at a time."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakKeyDictionary

from asyncmd_jupyter import runtime

MOST_LIVE = 8  # Chromium allows 16, and a view may be shown twice


class Restable(Protocol):
    """A view that can let go of what it holds in the pages."""

    @property
    def is_on_screen(self) -> bool:
        """Whether somebody looks at it."""
        ...

    def rest(self) -> None:
        """Let go, and say how it is brought back."""
        ...


class LiveStages:
    """The views that hold something in the pages; a service of the runtime."""

    def __init__(self, _runtime: runtime.Runtime) -> None:
        self._views: WeakKeyDictionary[Restable, int] = WeakKeyDictionary()
        self._count = 0

    @classmethod
    def current(cls) -> LiveStages:
        """Return the service of the current runtime."""
        return runtime.current().service(cls)

    def opened(self, view: Restable) -> None:
        """Take in a view; those that nobody looks at, oldest first, have to make room."""
        self._count += 1
        self._views[view] = self._count
        others = [other for other in self._views if other is not view]
        others.sort(key=lambda other: (other.is_on_screen, self._views[other]))
        for other in others[: max(0, len(self._views) - MOST_LIVE)]:
            self.closed(other)
            other.rest()

    def closed(self, view: Restable) -> None:
        """Forget a view that holds nothing any more."""
        self._views.pop(view, None)
