"""What a worker of ours needs to find its modules, also where nothing is inherited."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_FOLDERS = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "OPENMM_PLUGIN_DIR")


def python_surroundings(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that name folders, which are made absolute: a worker runs in another one."""
    return {name: _absolute(inherited[name]) for name in _FOLDERS if inherited.get(name)}


def _absolute(folders: str) -> str:
    return os.pathsep.join(str(Path(each).absolute()) for each in folders.split(os.pathsep))
