"""Says what is known of a frame: whose it is, when it was, and the values there."""

from __future__ import annotations

import math

from asyncmd_jupyter.jupyter.widgets.overlay import Overlay, Pick
from asyncmd_jupyter.jupyter.widgets.plane_paths import PlaneOverlay
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track, name_of
from asyncmd_jupyter.jupyter.widgets.words import listed, picoseconds

MOST_VALUES = 8
_LARGE, _TOO_LONG = 1e4, 1e9
CLOSE_TO = "°"  # stands right behind its number


def told_of(
    scene: Scene,
    overlay: Overlay | PlaneOverlay,
    frame: Pick,
    number: int | None = None,
    n_shown: int = 1,
) -> str:
    """Write ``walker 2, 12.3 ps, frame 61: psi 45.2°, phi -60°; alphaR holds``.

    Parameters
    ----------
    scene : Scene
    overlay : Overlay or PlaneOverlay
        Which knows the values.
    frame : Pick
    number : int, optional
        Of the frame, where it is known.
    n_shown : int
        Frames that are marked, of which this is the first.
    """
    track = scene.tracks[frame.place]
    said = [] if len(scene.tracks) == 1 else [name_of(track, scene)]
    said.append(picoseconds(frame.time))
    said += [] if number is None else [f"frame {number}"]
    said += [f"and {n_shown - 1} more"] if n_shown > 1 else []
    known = list(overlay.values(frame))[:MOST_VALUES]
    values = ", ".join(value_in_words(*one) for one in known)
    held = _held(track, frame.time)
    told = ", ".join(said) + (f": {values}" if values else "")
    return f"{told}; {held}" if held else told


def value_in_words(name: str, unit: str, value: float) -> str:
    """Write ``psi 45.2°`` or ``distance 1.23 nm``."""
    if math.isnan(value):
        return f"{name} without a value"
    space = "" if not unit or unit == CLOSE_TO else " "
    return f"{name} {_number(value)}{space}{unit}"


def _number(value: float) -> str:
    """Digits of large numbers count, too: potential energies of large systems are such."""
    return f"{value:,.0f}" if _LARGE <= abs(value) < _TOO_LONG else f"{value:.4g}"


def _held(track: Track, time: float) -> str:
    """Say which conditions held in a frame."""
    series = track.series
    if not len(series.times) or time > series.times[-1]:
        return ""
    at = int(abs(series.times - time).argmin())
    names = [name for name, held in series.fulfilled.items() if held[at]]
    return f"{listed(names)} {'holds' if len(names) == 1 else 'hold'}" if names else ""
