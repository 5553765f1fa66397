"""Molecules in NGL. Importing this module imports nglview: do it late and in a thread."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.nglview_shim import load_nglview
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure

nglview: Any = load_nglview()
RemoteCallThread: Any = nglview.remote_thread.RemoteCallThread

HEIGHT = "320px"
LOAD_SECONDS = 30.0
CLOSER = 0.3  # NGL leaves much room around a small molecule


class _Structure(nglview.Structure):  # type: ignore[misc]
    def __init__(self, pdb: str) -> None:
        super().__init__()
        self._pdb = pdb

    def get_structure_string(self) -> str:
        return self._pdb


class MoleculeWidget(nglview.NGLWidget):  # type: ignore[misc]
    """NGLWidget with one thread, which sleeps and ends, and no pauses on the event loop."""

    on_drawn: Callable[[], None]
    _is_new_page = False

    def _initialize_threads(self) -> None:
        if "_remote_call_thread" not in self.__dict__:
            self.on_msg(self._handle_nglview_custom_msg)
            self._remote_call_thread = _CallThread(self)
            self._remote_call_thread.start()

    def _wait_until_finished(self, timeout: float = LOAD_SECONDS) -> None:
        self._event.clear()
        self._event.wait(timeout)

    @traitlets.observe("loaded")
    def on_loaded(self, change: Any) -> None:
        """Send what was asked for before the page was there."""
        if change["new"]:
            self._fire_callbacks(self._callbacks_before_loaded)

    def _handle_request_repr_dict(self) -> None:
        """Remember what is drawn, for pages that come later.

        A page that is left while it draws tells of nothing, and what it tells while a
        cell is interrupted gets lost; believed, either would leave the next one empty.
        """
        if any((self._ngl_msg.get("data") or {}).values()):
            super()._handle_request_repr_dict()
            self.n_components = len(self._ngl_component_ids)
            self._look_closer()
        self.on_drawn()

    def _handle_request_loaded(self) -> None:
        self._is_new_page = not self._camera_orientation
        super()._handle_request_loaded()

    def _look_closer(self) -> None:
        if self._is_new_page:
            self._is_new_page = False
            self.center()
            self.control.zoom(CLOSER)

    def close(self) -> None:
        """Remove the widget and end its thread."""
        self._remote_call_thread.q.append(None)
        super().close()


class _CallThread(RemoteCallThread):  # type: ignore[misc]
    """Sends calls to the page one after the other; sleeps in between, and ends."""

    def __init__(self, view: Any) -> None:
        super().__init__(view, registered_funcs=["loadFile", "replaceStructure", "_exportImage"])
        self.q = _Calls()

    def run(self) -> None:
        for call in iter(self.q.get, None):
            call(self.view)
            if call._method_name in self.registered_funcs:
                self.view._wait_until_finished()


class _Calls(SimpleQueue[Any]):
    """A queue that is filled like the list that nglview has in its place."""

    append = SimpleQueue.put


class NGLStage:
    """Shows coordinates in NGL, whenever the page is ready for them.

    Parameters
    ----------
    structure : ShownStructure
    """

    def __init__(self, structure: ShownStructure) -> None:
        self._chosen = structure.chosen
        self._positions: NDArray[np.float32] | None = None
        self.widget = MoleculeWidget(
            _Structure(structure.pdb), representations=structure.representations()
        )
        self.widget.on_drawn = self._push
        self.widget.layout.width = "100%"
        self.widget.layout.height = HEIGHT
        self.widget.add_class("asyncmd-molecule")
        self.widget._set_size("100%", HEIGHT)

    async def show(self, positions: NDArray[np.float32]) -> None:
        """Move the atoms to `positions` (Å, all atoms of the system)."""
        self._positions = positions if self._chosen is None else positions[self._chosen]
        self._push()

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        self.widget.background = "#111111" if dark else "white"

    def close(self) -> None:
        """Let go of the thread and the widget."""
        self.widget.close()

    def _push(self) -> None:
        """Send the coordinates; also when the page has just (re)drawn the structure."""
        if self._positions is not None:
            self.widget.set_coordinates({0: self._positions})
