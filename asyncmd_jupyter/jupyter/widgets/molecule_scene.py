"""What is on the stage: a structure, how it is drawn, and where its atoms are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.figure import png_as_html
from asyncmd_jupyter.jupyter.widgets.look import Look, walker_colour
from asyncmd_jupyter.jupyter.widgets.picture import Picture
from asyncmd_jupyter.jupyter.widgets.projection import AtomsDrawn, draw_flat
from asyncmd_jupyter.jupyter.widgets.representations import representations
from asyncmd_jupyter.jupyter.widgets.stage import Stage, make_stage
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure, shown_structure
from asyncmd_jupyter.jupyter.widgets.thinning import MOST_ATOMS
from asyncmd_jupyter.jupyter.widgets.walker_frames import ShownFrame
from asyncmd_jupyter.jupyter.widgets.words import escape

STILL_WIDTH = 480


@dataclass(frozen=True)
class Wanted:
    """What the reader wants to see.

    Attributes
    ----------
    structure_file : Path
    copies : tuple of int
        Numbers of the sources that are laid over each other; empty for a single one.
    n_sources : int
        How many there are in all, for their colours.
    style : str
    water : bool or None
        None if nobody has chosen.
    whole : bool
    """

    structure_file: Path
    copies: tuple[int, ...] = ()
    n_sources: int = 1
    style: str = "Automatic"
    water: bool | None = None
    whole: bool = True


class Scene:
    """One structure on a stage; made by `Scene.of`."""

    def __init__(
        self,
        wanted: Wanted,
        structure: ShownStructure,
        stage: Stage,
        problem: str,
        *,
        webgl: bool,
        dark: bool,
    ) -> None:
        self._wanted = wanted
        self._problem = problem
        self._dark = dark
        self._picture = Picture(structure)
        self._positions: NDArray[np.float32] | None = None
        self.structure = structure
        self.stage = stage
        self.webgl = webgl
        stage.set_dark(dark)

    @classmethod
    async def of(cls, wanted: Wanted, *, webgl: bool, dark: bool) -> Self:
        """Read the structure and make a stage for it."""
        n_copies = max(1, len(wanted.copies))
        structure = await asyncio.to_thread(
            shown_structure,
            wanted.structure_file,
            water=wanted.water,
            most_atoms=MOST_ATOMS // n_copies,
        )
        await asyncio.to_thread(_import_stage)
        stage, problem = make_stage(structure, n_copies, webgl=webgl)
        return cls(wanted, structure, stage, problem, webgl=webgl, dark=dark)

    def fits(self, wanted: Wanted) -> bool:
        """Whether the same atoms are wanted, drawn in whatever way."""
        had = self._wanted
        return (
            had.structure_file == wanted.structure_file
            and len(had.copies) == len(wanted.copies)
            and self._has_water_as(wanted)
        )

    def _has_water_as(self, wanted: Wanted) -> bool:
        """Water that is there can be hidden; what was left out needs a new scene."""
        was_tried = self._wanted.water or not self.structure.n_waters_there
        return not wanted.water or self.structure.shows_water or bool(was_tried)

    async def show(self, frames: Sequence[ShownFrame], wanted: Wanted) -> None:
        """Show one frame of each copy."""
        self._wanted = wanted
        positions = await asyncio.to_thread(
            self._picture.positions, frames, whole=wanted.whole, overlay=bool(wanted.copies)
        )
        self._restyle()
        self._positions = positions
        await self.stage.show(positions)

    async def still(self) -> str:
        """Draw what is shown as a flat picture, as HTML that needs no script."""
        if self._positions is None:
            return ""
        look = Look(width=STILL_WIDTH, ratio=1.5)
        colours = tuple(self._colours()) if len(self._wanted.copies) > 1 else ()
        atoms = AtomsDrawn(self.structure.elements, colours)
        png = await in_drawing_thread(draw_flat, self._positions, atoms, look)
        return png_as_html(png, "Projection of the molecule.", look.width)

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        self._dark = dark
        self.stage.set_dark(dark)
        self._restyle()

    def take_camera(self, camera: list[float], before: Scene | None) -> None:
        """Look at it as at the scene before, if that was one of the same system."""
        if before is not None and before._wanted.structure_file == self._wanted.structure_file:
            self.stage.camera = camera

    def close(self) -> None:
        """Let go of the stage."""
        self.stage.close()

    @property
    def is_periodic(self) -> bool:
        """Whether the frames have a box."""
        return self._picture.is_periodic

    @property
    def note(self) -> str:
        """What has to be known of the picture, in words."""
        parts = [self.structure.note, self._picture.note, self._problem]
        return " ".join(filter(None, parts))

    def legend(self, labels: Sequence[str]) -> str:
        """Tell the copies by their colours, as HTML."""
        if not self._wanted.copies:
            return ""
        dot = '<span style="color:{}" aria-hidden="true">&#9679;</span>&nbsp;{}'
        entries = (
            dot.format(colour, escape(label))
            for colour, label in zip(self._colours(), labels, strict=True)
        )
        return f"<div>{' &ensp; '.join(entries)}</div>"

    def _colours(self) -> list[str]:
        look = Look(dark=self._dark)
        n_sources = self._wanted.n_sources
        return [walker_colour(i, n_sources, look) for i in self._wanted.copies]

    def _restyle(self) -> None:
        wanted = self._wanted
        self.stage.draw_as(
            representations(
                self.structure,
                wanted.style,
                water=wanted.water is not False,
                colours=self._colours(),
            )
        )


def _import_stage() -> None:
    """Import nglview where it blocks nobody; that it can't be is found out again later."""
    from asyncmd_jupyter.jupyter.widgets.nglview_shim import MoleculeViewError, load_nglview

    with suppress(MoleculeViewError):
        load_nglview()
