"""Run many molecular dynamics simulations at once, each until something happens.

Everything is loaded when it is first used: importing the package starts no process,
opens no file and loads neither an MD engine nor any part of Jupyter.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter._version import __version__

if TYPE_CHECKING:
    from asyncmd_jupyter import (
        config,
        gromacs,
        mdconfig,
        mdengine,
        methods,
        openmm,
        slurm,
        trajectory,
        utils,
    )
    from asyncmd_jupyter.frames.trajectory import Trajectory

_MODULES = (
    *("config", "gromacs", "mdconfig", "mdengine", "methods", "openmm", "slurm", "trajectory"),
    "utils",
)

__all__ = [
    "Trajectory",
    "__version__",
    "config",
    "gromacs",
    "mdconfig",
    "mdengine",
    "methods",
    "openmm",
    "slurm",
    "trajectory",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name == "Trajectory":
        return importlib.import_module("asyncmd_jupyter.frames.trajectory").Trajectory
    if name in _MODULES:
        return importlib.import_module(f"asyncmd_jupyter.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """Add the magics; called by ``%load_ext asyncmd_jupyter``."""
    importlib.import_module("asyncmd_jupyter.jupyter.magics").load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away; called by ``%unload_ext asyncmd_jupyter``."""
    importlib.import_module("asyncmd_jupyter.jupyter.magics").unload_ipython_extension(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where the Jupyter server finds its extension."""
    app = importlib.import_module("asyncmd_jupyter.jupyter.server.app").AsyncMDServer
    return [{"module": "asyncmd_jupyter.jupyter.server.app", "app": app}]
