"""Which code is the user's and which comes from a library with a version."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter._version import __version__
from asyncmd_jupyter.runtime import Runtime

_OWN = __name__.partition(".")[0]
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_NAMES_OF_PYTHON = sys.stdlib_module_names | frozenset(sys.builtin_module_names)
_EVER_THE_SAME = frozenset({"builtins", "copyreg"})  # part of the description of any object


class Libraries:
    """Knows libraries by their top-level module; remembers what it looked up."""

    def __init__(self, _: Runtime | None = None) -> None:
        self._stdlib = Path(sysconfig.get_path("stdlib"))
        self._of_user: dict[str, bool] = {}
        self._versions: dict[str, str] = {}
        self._distributions: dict[str, list[str]] | None = None

    @classmethod
    def current(cls) -> Libraries:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    def has_file(self, filename: str) -> bool:
        """Whether a source file belongs to a library."""
        if filename.startswith("<frozen"):
            return True
        path = Path(filename)
        return not _INSTALLED.isdisjoint(path.parts) or self._stdlib in path.parents

    def has_module(self, name: str) -> bool:
        """Whether a module, imported or not, belongs to a library."""
        top = name.partition(".")[0]
        if top == "__main__":
            return False
        if top == _OWN:
            return True
        if top not in self._of_user:
            known = self._is_of_python(top) if top in _NAMES_OF_PYTHON else self._is_installed(top)
            self._of_user[top] = not known
        return not self._of_user[top]

    def describe(self, name: str) -> str:
        """Name and version of the library that a module belongs to."""
        top = name.partition(".")[0]
        if top not in self._versions:
            self._versions[top] = self._version(top)
        return f"{top} {self._versions[top]}"

    def _is_of_python(self, top: str) -> bool:
        """Whether a name of the standard library stands for that, not for a module of the user."""
        files = [Path(place) for place in _places_of(top)]
        if not any(file.exists() for file in files):  # built in, frozen or zipped
            return True
        # An installation may be reached through links, a virtual environment's own.
        known = {self._stdlib, self._stdlib.resolve()}
        named = [path for file in files for path in (file, file.resolve())]
        return any(not known.isdisjoint(path.parents) for path in named)

    def _is_installed(self, top: str) -> bool:
        return any(self.has_file(place) for place in _places_of(top))

    def _version(self, top: str) -> str:
        if top == _OWN:
            return __version__
        if top in _EVER_THE_SAME:
            return ""
        if top in _NAMES_OF_PYTHON and self.has_module(top):
            return f"{sys.version_info.major}.{sys.version_info.minor}"
        try:
            return importlib.metadata.version(top)
        except importlib.metadata.PackageNotFoundError:
            return self._version_of_distributions(top)

    def _version_of_distributions(self, top: str) -> str:
        if self._distributions is None:
            self._distributions = dict(importlib.metadata.packages_distributions())
        names = sorted(set(self._distributions.get(top, ())))
        if names:
            return " ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
        return str(getattr(sys.modules.get(top), "__version__", "unknown"))


def _places_of(top: str) -> Iterable[str]:
    module = sys.modules.get(top)
    return _places(_spec(top)) if module is None else _module_places(module)


def _spec(name: str) -> Any:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _places(spec: Any) -> Iterable[str]:
    if spec is None:
        return
    if spec.has_location and spec.origin:
        yield spec.origin
    yield from spec.submodule_search_locations or ()


def _module_places(module: ModuleType) -> Iterable[str]:
    if isinstance(file := getattr(module, "__file__", None), str):
        yield file
    yield from _places(getattr(module, "__spec__", None))
