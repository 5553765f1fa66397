"""Figures as small PNG images."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW_COLOURS = 64
N_CODES = 1 << 16  # colours told apart: 4 bits of each channel
Pixels = NDArray[np.uint8]


def as_png(figure: Any, colours: int = FEW_COLOURS) -> bytes:
    """Draw a figure on an Agg canvas and write it with a palette: a quarter of the bytes.

    Parameters
    ----------
    figure : Figure
    colours : int
        At most 256. Drawings have few, blends and smooth edges need the others.
    """
    from PIL import Image

    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    indices, palette = reduced(pixels, colours)
    image = Image.fromarray(indices)
    image.putpalette(palette[:, :3].tobytes())
    out = io.BytesIO()
    image.save(out, "png", compress_level=6, transparency=palette[:, 3].tobytes())
    return out.getvalue()


def reduced(pixels: Pixels, colours: int) -> tuple[Pixels, Pixels]:
    """Keep the colours of an RGBA image that matter and give the others the nearest of them.

    Returns
    -------
    NDArray
        Index of each pixel's colour, shape (height, width).
    NDArray
        The colours, shape (n, 4).
    """
    flat = pixels.reshape(-1, 4)
    red, green, blue, alpha = (flat[:, i].astype(np.uint16) >> 4 for i in range(4))
    codes = red << 12 | green << 8 | blue << 4 | alpha
    counts = np.bincount(codes, minlength=N_CODES)
    used = np.flatnonzero(counts)
    sums = [np.bincount(codes, flat[:, i], minlength=N_CODES)[used] for i in range(4)]
    means = np.stack(sums, axis=1) / counts[used, None]
    kept, places = _kept(_seen(means), counts[used], colours)
    indices = np.zeros(N_CODES, dtype=np.uint8)
    indices[used] = places
    return indices[codes].reshape(pixels.shape[:2]), np.rint(means[kept]).astype(np.uint8)


def _kept(
    seen: NDArray[np.float64], counts: NDArray[np.int64], colours: int
) -> tuple[list[int], NDArray[np.int64]]:
    """Choose one after the other the colour for which those before are the worst substitute.

    Returns them, and for each colour the place of its substitute.
    """
    kept: list[int] = []
    places = np.zeros(len(seen), dtype=np.int64)
    distances = np.full(len(seen), np.inf)
    weights = np.sqrt(counts)
    following = int(counts.argmax())
    while len(kept) < colours and distances[following] > 0:
        kept.append(following)
        new = ((seen - seen[following]) ** 2).sum(axis=1)
        places[new < distances] = len(kept) - 1
        distances = np.minimum(distances, new)
        following = int((distances * weights).argmax())
    return kept, places


def _seen(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh colours with their opacity, for what can't be seen makes no difference."""
    alpha = colours[:, 3:]
    return np.hstack([colours[:, :3] * (alpha / 255), alpha])
