"""An image in the page that knows its size and theme."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import traitlets

from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.page_widget import PageWidget, front_end
from asyncmd_jupyter.jupyter.widgets.words import escape

HERE = Path(__file__).parent


class FigureWidget(PageWidget):
    """Shows a PNG; the browser tells the width it has, its pixel ratio and its theme.

    Where `overlay` says what lies where in the image, the page draws `cursor` over it, and
    sends what the reader does with it as ``{"plot": {"kind": …}}``.
    """

    _esm = front_end("telling", "overlay_axes", "overlay", "overlay_input", "figure")
    _css = HERE / "figure.css"
    page_tells = (*PageWidget.page_tells, "shown_width", "pixel_ratio", "dark")
    png = traitlets.Bytes(b"").tag(sync=True)
    image_width = traitlets.Int(0).tag(sync=True)
    image_dark = traitlets.Bool(False).tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)
    overlay = traitlets.Dict().tag(sync=True)
    cursor = traitlets.Dict().tag(sync=True)
    shown_width = traitlets.Int(0)
    pixel_ratio = traitlets.Float(2.0)
    dark = traitlets.Bool(False)

    def look(self) -> Look:
        """Return how a drawing has to look to fit in here."""
        width = min(1100, max(320, self.shown_width)) if self.shown_width else 720
        return Look(width=width, ratio=min(3.0, max(2.0, self.pixel_ratio)), dark=self.dark)

    def put(self, png: bytes, alt: str, look: Look, **more: Any) -> None:
        """Replace the image, its description, and how wide and for what page it was drawn.

        Parameters
        ----------
        png : bytes
        alt : str
        look : Look
        **more
            ``overlay``, ``cursor`` and ``caption`` that belong to it.
        """
        with self.hold_sync():
            for name, value in more.items():
                setattr(self, name, value)
            self.alt = alt
            self.image_width = look.width
            self.image_dark = look.dark
            self.png = png


def png_as_html(png: bytes, alt: str, width: int) -> str:
    """Write an image as HTML that needs no file."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" width="{width}" '
        'style="max-width:100%;background:#fff">'
    )
