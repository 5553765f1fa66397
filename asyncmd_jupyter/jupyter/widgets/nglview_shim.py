"""Imports nglview so that its two halves fit.

The Python half of nglview 4.0.1 asks the page for version 4.0 of a front end that it
ships as 3.1.5, and nothing is rendered. A module put in its place before the import says
what is really installed.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

FRONT_END = Path("labextensions") / "nglview-js-widgets" / "package.json"
VERSION_MODULE = "nglview._frontend"


class MoleculeViewError(RuntimeError):
    """nglview can't be used here; the message says why and what helps."""


def load_nglview() -> ModuleType:
    """Import nglview so that it asks for the front end that is installed.

    Raises
    ------
    MoleculeViewError
        It is not installed, lacks its front end, or was imported before by something
        else with the wrong version.
    """
    version = installed_front_end()
    if "nglview" in sys.modules:
        _check_earlier_import(version)
    elif version is not None:
        sys.modules[VERSION_MODULE] = _stand_in(version)
    try:
        with _nothing_displayed():
            return importlib.import_module("nglview")
    except Exception as error:
        raise MoleculeViewError(f"nglview can't be imported ({error}).") from error


def installed_front_end() -> str | None:
    """Find the version of the JavaScript half that JupyterLab and Notebook would load."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path():
        package = Path(folder) / FRONT_END
        if package.is_file():
            return str(json.loads(package.read_text("utf-8"))["version"])
    return None


def _check_earlier_import(version: str | None) -> None:
    asked = getattr(sys.modules.get(VERSION_MODULE), "__frontend_version__", None)
    if version is not None and not _fits(asked, version):
        raise MoleculeViewError(
            f"nglview was imported before and asks for front end {asked}, but {version} is "
            "installed. Restart the kernel and load asyncmd_jupyter before nglview."
        )


def _fits(asked: str | None, version: str) -> bool:
    """Whether ``^asked``, as the widget manager reads it, includes `version`."""
    return asked is not None and asked.split(".")[0] == version.split(".")[0]


@contextmanager
def _nothing_displayed() -> Iterator[None]:
    """Drop the empty output that importing nglview leaves in the cell."""
    from IPython import get_ipython

    publisher: Any = getattr(get_ipython(), "display_pub", None)
    if not hasattr(publisher, "register_hook"):
        yield
        return
    publisher.register_hook(_dropped)  # applies to this thread only
    try:
        yield
    finally:
        publisher.unregister_hook(_dropped)


def _dropped(_message: Any) -> None:
    return None


def _stand_in(version: str) -> ModuleType:
    module = ModuleType(VERSION_MODULE)
    module.__dict__["__frontend_version__"] = version
    return module
