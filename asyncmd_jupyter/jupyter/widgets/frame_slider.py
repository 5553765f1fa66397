"""The slider that chooses a frame. That of ipywidgets has no name for a screen reader."""

from __future__ import annotations

from pathlib import Path

import traitlets

from asyncmd_jupyter.jupyter.widgets.page_widget import PageWidget

HERE = Path(__file__).parent


class FrameSlider(PageWidget):
    """A slider from 0 to `max`, by keys and by the mouse."""

    _esm = HERE / "frame_slider.js"
    _css = """
.asyncmd-frames { flex: 1 1 100px; min-width: 0; }
.asyncmd-frames input { width: 100%; margin: 0; accent-color: var(--jp-brand-color1, auto); }
"""
    page_tells = (*PageWidget.page_tells, "value")
    value = traitlets.Int(0).tag(sync=True)
    max = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode("Frame").tag(sync=True)

    @traitlets.observe("max")
    def _stay_within(self, _change: traitlets.Bunch) -> None:
        self.value = min(self.value, self.max)

    @traitlets.validate("value")
    def _within(self, proposal: traitlets.Bunch) -> int:
        """Keep to the frames that there are: a page may know an older number of them."""
        return min(max(0, int(proposal["value"])), self.max)
