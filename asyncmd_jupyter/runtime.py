"""The one place for state that lives as long as the process.

A `Runtime` holds the settings, the event bus and one instance of each service. Rooms
hand in how their service is made, so this module knows none of them and every room may
ask for the current runtime.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.settings import Settings

if TYPE_CHECKING:
    import asyncio

    from asyncmd_jupyter.background import BackgroundTasks

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class SettingsChanged:
    """Published after the settings of a runtime were replaced."""

    settings: Settings


class Runtime:
    """Settings, events and services of one process (or of one test)."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.events = EventBus()
        self._settings = settings
        self._services: dict[object, Any] = {}
        self._lock = threading.RLock()

    @property
    def settings(self) -> Settings:
        """The settings in force; read from the environment at the first use."""
        with self._lock:
            if self._settings is None:
                self._settings = Settings.from_environment()
            return self._settings

    @property
    def tasks(self) -> BackgroundTasks:
        """All that goes on in the background."""
        from asyncmd_jupyter.background import BackgroundTasks  # asyncio takes long to import

        return self.service(BackgroundTasks.of)

    def change_settings(self, **changes: Any) -> Settings:
        """Replace some settings; services hear of it through `SettingsChanged`."""
        with self._lock:
            settings = self._settings = dataclasses.replace(self.settings, **changes)
        self.events.publish(SettingsChanged(settings))
        return settings

    def service(self, factory: Callable[[Runtime], T]) -> T:
        """The one object that `factory` makes for this runtime, made at the first call."""
        if (made := self._services.get(factory)) is not None:
            return cast(T, made)
        with self._lock:
            if factory not in self._services:
                self._services[factory] = factory(self)
            return cast(T, self._services[factory])


class _LazyDefault:
    """Makes the process's runtime only when somebody asks for it: no work at import."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runtime: Runtime | None = None

    def get(self) -> Runtime:
        with self._lock:
            if self._runtime is None:
                self._runtime = Runtime()
            return self._runtime


_ACTIVE: ContextVar[Runtime | _LazyDefault] = ContextVar(
    "asyncmd_jupyter.runtime",
    default=_LazyDefault(),  # noqa: B039 - shared on purpose: tasks of a kernel share it
)


def start(coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Run a coroutine in the background; the runtime in force keeps it alive.

    All tasks of this package that nobody is certain to await are started here, so that they
    end quietly with their event loop.
    """
    return current().tasks.start(coroutine, name=name)


def current() -> Runtime:
    """The runtime in force here."""
    active = _ACTIVE.get()
    return active if isinstance(active, Runtime) else active.get()


@contextmanager
def use(runtime: Runtime) -> Iterator[Runtime]:
    """Make `runtime` the current one within a ``with`` block and the tasks started in it."""
    token = _ACTIVE.set(runtime)
    try:
        yield runtime
    finally:
        _ACTIVE.reset(token)
