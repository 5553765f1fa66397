"""Panning and zooming by ipympl, where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.jupyter.widgets.look import Look

TOOLBAR = 40  # pixels that the toolbar lies over
DETAIL = 8  # so many times more points than can be seen before one zooms


def can_interact() -> bool:
    """Whether ipympl is installed; does not import it."""
    return importlib.util.find_spec("ipympl") is not None


def look_for_zooming(look: Look) -> Look:
    """Give the look of a canvas, which knows by itself how many pixels the page has."""
    ground = "#111111" if look.dark else "white"
    return replace(look, ratio=1.0, background=ground, detail=DETAIL, top=TOOLBAR)


def canvas_of(figure: Any) -> Any:
    """Make a widget of a figure, in which one can pan and zoom.

    Parameters
    ----------
    figure : Figure

    Raises
    ------
    ModuleNotFoundError
        Without ipympl.
    """
    if not can_interact():
        raise ModuleNotFoundError(
            "Panning and zooming need ipympl: install it (pip install ipympl) and reload the page."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what it does to traitlets is its own
        backend = importlib.import_module("ipympl.backend_nbagg")
        canvas = backend.Canvas(figure)
        canvas.manager = backend.FigureManager(canvas, 1)
    canvas.header_visible = canvas.footer_visible = False
    canvas.toolbar_position, canvas.toolbar_visible = "top", True
    canvas.layout.max_width = "100%"
    return canvas


def take_over(old: Any, new: Any) -> None:
    """Let a canvas show the part that another one shows; its home is still all there is."""
    new.toolbar.push_current()
    for before, axes in zip(old.figure.axes, new.figure.axes, strict=False):
        if not before.get_label():  # that of colours has one
            axes.set_xlim(before.get_xlim())
            axes.set_ylim(before.get_ylim())
    new.toolbar.push_current()
    new.draw_idle()
