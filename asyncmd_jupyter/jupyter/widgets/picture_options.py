"""How the molecule is to be drawn: a row of choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from asyncmd_jupyter.jupyter.widgets.representations import STYLES
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure


class PictureOptions:
    """Style, water, whole molecules, and whether several are laid over each other.

    Parameters
    ----------
    n_sources : int
        Trajectories that there are.
    on_choice : callable
        Called when the reader chose something.
    """

    def __init__(self, n_sources: int, on_choice: Callable[[], None]) -> None:
        self._on_choice = on_choice
        self._moving = False
        self._water_chosen = False
        self._style = ipywidgets.Dropdown(
            options=STYLES,
            description="Show:",
            tooltip="How molecules are drawn",
            style={"description_width": "auto"},
            layout=ipywidgets.Layout(width="170px"),
        )
        self._water = _toggle("Water", "Whether water is drawn")
        self._whole = _toggle("Whole molecules", "Put molecules together that cross the box's edge")
        self._whole.value = True
        self._overlay = _toggle("Overlay", "Lay all walkers over each other, in their colours")
        self._overlay.layout.display = "" if n_sources > 1 else "none"
        for hidden in (self._water, self._whole):
            hidden.layout.display = "none"
        parts = [self._style, self._water, self._whole, self._overlay]
        for part in parts:
            part.observe(self._chosen, "value")
        self.widget: Any = ipywidgets.HBox(
            parts, layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        )

    def add(self, part: Any) -> None:
        """Put something at the end of the row."""
        self.widget.children = [*self.widget.children, part]

    @property
    def style(self) -> str:
        """The chosen style."""
        return str(self._style.value)

    @property
    def water(self) -> bool | None:
        """Whether water is wanted; None if nobody has chosen."""
        return bool(self._water.value) if self._water_chosen else None

    @property
    def whole(self) -> bool:
        """Whether molecules are put together."""
        return bool(self._whole.value)

    @property
    def overlay(self) -> bool:
        """Whether several are laid over each other."""
        return bool(self._overlay.value)

    def offer(self, structure: ShownStructure, *, periodic: bool) -> None:
        """Offer what can be chosen for a structure."""
        self._water.layout.display = "" if structure.n_waters_there else "none"
        self._whole.layout.display = "" if periodic else "none"
        if not self._water_chosen:
            self._moving = True
            self._water.value = structure.shows_water
            self._moving = False

    def _chosen(self, change: Any) -> None:
        if self._moving:
            return
        self._water_chosen |= change["owner"] is self._water
        self._on_choice()


def _toggle(text: str, tooltip: str) -> Any:
    return ipywidgets.Checkbox(
        description=text,
        tooltip=tooltip,
        indent=False,
        layout=ipywidgets.Layout(width="auto", margin="2px 8px 2px 2px"),
    )
