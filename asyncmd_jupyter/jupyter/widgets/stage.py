"""Where molecules are shown: in NGL, or as a flat drawing where that can't be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure

NO_WEBGL = "this page has no WebGL (a setting of the browser, or its graphics driver)."


class Stage(Protocol):
    """Shows one set of coordinates at a time."""

    camera: list[float]

    @property
    def widget(self) -> Any:
        """The ipywidget that is shown."""
        ...

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn it some time ago."""
        ...

    async def show(self, positions: NDArray[np.float32]) -> None:
        """Move the shown atoms of all copies to `positions` (Å)."""
        ...

    def draw_as(self, drawn: Sequence[dict[str, Any]]) -> None:
        """Draw in another way; see `representations`."""
        ...

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        ...

    def close(self) -> None:
        """Let go of threads and widgets, and of what pages hold for it."""
        ...


def make_stage(
    structure: ShownStructure, copies: int = 1, *, webgl: bool = True
) -> tuple[Stage, str]:
    """Make the best stage there is, and say why it is not the best one possible.

    Parameters
    ----------
    structure : ShownStructure
    copies : int
        How many molecules are laid over each other.
    webgl : bool
        Whether the page can draw in three dimensions, as far as that is known.
    """
    from asyncmd_jupyter.jupyter.widgets.nglview_shim import MoleculeViewError

    try:
        if not webgl:
            raise MoleculeViewError(NO_WEBGL)
        from asyncmd_jupyter.jupyter.widgets.ngl_stage import NGLStage
    except MoleculeViewError as error:
        from asyncmd_jupyter.jupyter.widgets.projection import ProjectionStage

        return ProjectionStage(structure, copies), f"Shown as a flat projection: {error}"
    return NGLStage(structure, copies), ""
