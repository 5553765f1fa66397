"""How NGL draws the kinds of things that a structure has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncmd_jupyter.jupyter.widgets.residues import Kind, selection
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure

STYLES = ("Automatic", "Cartoon", "Sticks", "Spheres", "Lines")
FEWEST_FOR_CARTOON = 4  # residues
MOST_WITH_SIDE_CHAINS = 60
_SINGLE = (Kind.ION, Kind.BEAD)
Drawn = dict[str, Any]


def representations(
    structure: ShownStructure,
    style: str = "Automatic",
    *,
    water: bool = True,
    colours: Sequence[str] = (),
) -> list[Drawn]:
    """List NGL's representations of a structure.

    Parameters
    ----------
    structure : ShownStructure
    style : str
        One of `STYLES`.
    water : bool
        Whether the water that the structure has is drawn.
    colours : list of str
        One for each copy where several are laid over each other.
    """
    drawn = [
        one
        for kind, names in structure.kinds.items()
        if kind is not Kind.WATER or water
        for one in _of_kind(structure, kind, selection(names), style)
    ]
    if not colours:
        return drawn
    return [_of_copy(one, i, colour) for i, colour in enumerate(colours) for one in drawn]


def _of_kind(structure: ShownStructure, kind: Kind, chosen: str, style: str) -> list[Drawn]:
    if kind is Kind.WATER:
        return [_drawn("line", chosen, opacity=0.5)]
    if style == "Spheres":
        return [_drawn("spacefill", chosen)]
    if kind in _SINGLE:
        return [_drawn("spacefill", chosen, radiusScale=0.7 if kind is Kind.ION else 1.0)]
    if style == "Sticks":
        return [_drawn("licorice", chosen)]
    if style == "Lines":
        return [_drawn("line", chosen)]
    if kind in (Kind.PROTEIN, Kind.NUCLEIC):
        return _polymer(structure, kind, chosen, only_cartoon=style == "Cartoon")
    return [_drawn("line" if kind is Kind.LIPID else "ball+stick", chosen)]


def _polymer(
    structure: ShownStructure, kind: Kind, chosen: str, *, only_cartoon: bool
) -> list[Drawn]:
    count = structure.counts[kind]
    if count < FEWEST_FOR_CARTOON:
        return [_drawn("ball+stick", chosen)]
    if structure.traces_only:
        return [_drawn("tube", chosen, radius=0.6)]
    scheme = {"color": "sstruc"} if kind is Kind.PROTEIN else {}
    cartoon = [_drawn("cartoon", chosen, **scheme)]
    if only_cartoon or count > MOST_WITH_SIDE_CHAINS:
        return cartoon
    thin = _drawn("licorice", f"({chosen}) and not hydrogen", radius=0.15, opacity=0.6)
    return [*cartoon, thin]


def _of_copy(one: Drawn, index: int, colour: str) -> Drawn:
    chosen = f"/{index} and ({one['params']['sele']})"
    return {**one, "params": {**one["params"], "sele": chosen, "color": colour}}


def _drawn(kind: str, chosen: str, **parameters: Any) -> Drawn:
    return {"type": kind, "params": {"sele": chosen, **parameters}}
