"""Builds the panel for JupyterLab into the wheel; hatchling calls it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PanelHook(BuildHookInterface):
    """Puts ``labextension/dist`` where JupyterLab looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the panel, unless it is there or nobody wants it."""
        root = Path(self.root)
        shared = _panel(root).provide(root, is_editable=version == "editable")
        if self.target_name == "wheel":
            build_data["shared_data"].update(shared)


def _panel(root: Path) -> ModuleType:
    path = root / "labextension" / "scripts" / "panel.py"
    spec = importlib.util.spec_from_file_location("asyncmd_panel", path)
    assert spec is not None  # noqa: S101 - it is a file
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
