"""Where molecules are shown: in NGL, or as a flat drawing where that can't be had."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure


class Stage(Protocol):
    """Shows one set of coordinates at a time."""

    @property
    def widget(self) -> Any:
        """The ipywidget that is shown."""
        ...

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn it some time ago."""
        ...

    async def show(self, positions: NDArray[np.float32]) -> None:
        """Move the atoms to `positions` (Å, all atoms of the system)."""
        ...

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        ...

    def close(self) -> None:
        """Let go of threads and widgets."""
        ...


def make_stage(structure: ShownStructure) -> tuple[Stage, str]:
    """Make the best stage there is, and say why it is not the best one possible."""
    from asyncmd_jupyter.jupyter.widgets.nglview_shim import MoleculeViewError

    try:
        from asyncmd_jupyter.jupyter.widgets.ngl_stage import NGLStage
    except MoleculeViewError as error:
        from asyncmd_jupyter.jupyter.widgets.projection import ProjectionStage

        return ProjectionStage(structure), f"Shown as a flat projection: {error}"
    return NGLStage(structure), ""
