"""The picture that a saved notebook keeps: vectors where these are small enough."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace

from asyncmd_jupyter.jupyter.widgets.figure import png_as_html
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.words import escape

LIMIT = 300_000  # bytes in the notebook
LINE_POINTS = (24_000, 10_000, 4_000)
STATIC_LOOK = Look(width=720, ratio=1.5, background="white")

Draw = Callable[[Look, str], bytes]


def still_html(draw: Draw, alt: str, look: Look = STATIC_LOOK) -> str:
    """Draw an image that stays, as HTML without scripts that needs no file.

    It is shown by an ``img``, which pages also show of notebooks that they don't trust.

    Parameters
    ----------
    draw : callable
        Gives the image for a look and a format.
    alt : str
        What it shows, in words.
    look : Look
    """
    for points in LINE_POINTS:
        html = _vector_html(draw(replace(look, line_points=points), "svg"), alt, look.width)
        if len(html) <= LIMIT:
            return html
    return png_as_html(draw(look, "png"), alt, look.width)


def _vector_html(svg: bytes, alt: str, width: int) -> str:
    data = base64.b64encode(_slim(svg)).decode("ascii")
    return (
        f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}" width="{width}" '
        'style="max-width:100%;background:#fff">'
    )


def _slim(svg: bytes) -> bytes:
    """Leave out what no browser draws, and every address of elsewhere."""
    text = svg.decode("utf-8")
    text = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", text).strip().encode()
