"""Molecules in NGL. Importing this module imports nglview: do it late and in a thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.nglview_shim import load_nglview
from asyncmd_jupyter.jupyter.widgets.page_widget import LeavesCellsAlone
from asyncmd_jupyter.jupyter.widgets.representations import representations
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure

nglview: Any = load_nglview()

HEIGHT = "320px"
HALF_VIEW = np.radians(20)  # half of the angle that NGL's camera sees
SETTLING_SECONDS = 2.0
CLIPPED = 11.0  # Å before the camera in which NGL draws nothing, and a little more
# A page has only 16 drawing contexts: NGL keeps that of a view which is gone.
RELEASE_WHEN_REMOVED = """
if (!this.asyncmdReleases) {
  this.asyncmdReleases = true;
  this.once("remove", () => {
    this.stage.viewer.renderer.forceContextLoss();
    this.stage.dispose();
  });
}
"""


# At once, and also when no kernel is there to say it. Colours that do not fit are the kernel's.
FIT_THE_THEME = """
if (!this.asyncmdFitsTheme) {
  const fit = () => {
    const isLight = document.body.dataset.jpThemeLight;
    if (isLight === undefined) return;
    this.stage.setParameters({ backgroundColor: isLight === "false" ? "#111111" : "white" });
  };
  const theme = new MutationObserver(fit);
  this.asyncmdFitsTheme = true;
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  this.once("remove", () => theme.disconnect());
  fit();
}
"""


class _Structure(nglview.Structure):  # type: ignore[misc]
    def __init__(self, pdb: str) -> None:
        super().__init__()
        self._pdb = pdb

    def get_structure_string(self) -> str:
        return self._pdb


class MoleculeWidget(LeavesCellsAlone, nglview.NGLWidget):  # type: ignore[misc]
    """NGLWidget that lets every page build its scene by itself from the widget's state.

    NGLWidget sends calls one by one from a thread. A page that comes (or is drawn anew) in
    between misses the first of them and fails at the others, which need what the first would
    have loaded. Here the file, the representations and the camera are state, known before
    any page is, and a page is told only what it can't fail at.
    """

    on_drawn: Callable[[], None]
    _camera_orientation: Any
    _ngl_full_stage_parameters: Any

    def __init__(self, structure: _Structure, representations: Sequence[dict[str, Any]]) -> None:
        super().__init__(structure, default=False)
        self.draw_as(representations)
        self.n_components = 1  # more than a new page has: so it loads what is archived

    def look_at(self, positions: NDArray[np.float32]) -> None:
        """Turn the camera to atoms, unless it has been moved."""
        if not self._camera_orientation:
            self._camera_orientation = camera(positions)

    def draw_as(self, representations: Sequence[dict[str, Any]]) -> None:
        """Draw in another way, in pages that are there and in those that come."""
        self._ngl_repr_dict = {"0": {str(i): shown for i, shown in enumerate(representations)}}
        self._remote_call("set_representation_from_backend", target="Widget")

    def release_when_removed(self) -> None:
        """Let pages free what a view holds of the graphics card when the view goes."""
        self._remote_call("executeCode", target="Widget", args=[RELEASE_WHEN_REMOVED])

    def fit_the_theme(self) -> None:
        """Let pages choose the ground by their theme."""
        self._remote_call("executeCode", target="Widget", args=[FIT_THE_THEME])

    def resize(self) -> None:
        """Fill the width that there is; NGL fixes what it has found."""
        self._remote_call("setSize", args=["100%", HEIGHT])

    def close(self) -> None:
        """Close also what nglview has made for it, or no page could load its widgets again.

        A page asks the kernel for all widgets at once, which fails at one that refers to
        a closed one.
        """
        player = self._iplayer
        parts = [*player.children, player, self._ibtn_fullscreen, self._widget_image]
        super().close()
        for part in parts:
            for own in (getattr(part, "style", None), part.layout, part):
                if isinstance(own, ipywidgets.Widget):
                    own.close()
        self.layout.close()

    def _create_player(self) -> None:
        """Make what pages look for; nothing links it to the frames, which are ours to choose."""
        self._iplayer = ipywidgets.HBox([ipywidgets.Play(), ipywidgets.IntSlider()])

    def _initialize_threads(self) -> None:
        self.on_msg(self._handle_nglview_custom_msg)

    def _remote_call(self, method_name: str, *args: Any, **keys: Any) -> None:
        message = self._get_remote_call_msg(method_name, *args, **keys)
        if method_name == "loadFile":
            self._ngl_msg_archive = [message]
        elif self.loaded:
            self.send(message)

    @traitlets.observe("background")
    def _update_background_color(self, change: Any) -> None:
        parameters = {**self._ngl_full_stage_parameters, "backgroundColor": change["new"]}
        self._ngl_full_stage_parameters = parameters
        self.stage.set_parameters(background_color=change["new"])

    def _handle_request_repr_dict(self) -> None:
        """Tell that a page has drawn something; what is to be drawn is known here."""
        self.on_drawn()

    def _handle_remove_component(self) -> None:
        """Nothing is removed here."""


def camera(positions: NDArray[np.float32]) -> list[float]:
    """Place NGL's camera so that all atoms are seen: a matrix, column by column."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    centre = (low + high) / 2
    radius = float(np.linalg.norm(positions - centre, axis=1).max()) + 1.5
    matrix = np.eye(4) * max(radius / np.sin(HALF_VIEW), radius + CLIPPED)
    matrix[3] = (*-centre, 1)
    return [float(number) for number in matrix.ravel()]


class NGLStage:
    """Shows coordinates in NGL, whenever the page is ready for them.

    Parameters
    ----------
    structure : ShownStructure
    copies : int
        How many molecules are laid over each other.
    """

    def __init__(self, structure: ShownStructure, copies: int = 1) -> None:
        self._drawn_at = math.inf
        self._positions: NDArray[np.float32] | None = None
        self._drawn_as = representations(structure)
        self.widget = MoleculeWidget(_Structure(structure.pdb(copies)), self._drawn_as)
        self.widget.on_drawn = self._drawn
        self.widget.layout.width = "100%"
        self.widget.layout.height = HEIGHT
        self.widget.add_class("asyncmd-molecule")

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn it some time ago."""
        return time.monotonic() - self._drawn_at > SETTLING_SECONDS

    async def show(self, positions: NDArray[np.float32]) -> None:
        """Move the shown atoms of all copies to `positions` (Å)."""
        self._positions = positions
        self.widget.look_at(positions)
        self._push()

    def draw_as(self, drawn: Sequence[dict[str, Any]]) -> None:
        """Draw in another way."""
        if drawn != self._drawn_as:
            self._drawn_as = list(drawn)
            self.widget.draw_as(drawn)

    @property
    def camera(self) -> list[float]:
        """From where it is looked at; empty before the first frame."""
        return list(self.widget._camera_orientation)

    @camera.setter
    def camera(self, matrix: list[float]) -> None:
        if matrix:
            self.widget._camera_orientation = matrix

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        self.widget.background = "#111111" if dark else "white"

    def close(self) -> None:
        """Let go of the widget."""
        self.widget.close()

    def _drawn(self) -> None:
        self._drawn_at = time.monotonic()
        self.widget.release_when_removed()
        self.widget.fit_the_theme()
        self.widget.resize()
        self._push()

    def _push(self) -> None:
        """Send the coordinates; also when the page has just (re)drawn the structure."""
        if self._positions is not None:
            self.widget.set_coordinates({0: self._positions})
