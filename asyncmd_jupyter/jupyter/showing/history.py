"""Shows where trajectories come from: a drawing, and a tree that terminals can show, too."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.jupyter.widgets.history_layout import Layout, lay_out
from asyncmd_jupyter.jupyter.widgets.history_svg import draw
from asyncmd_jupyter.sampling.genealogy import Genealogy, genealogy


@dataclass(frozen=True, repr=False)
class History:
    """A genealogy that can be displayed; reads well as text, too.

    Attributes
    ----------
    genealogy : Genealogy
    """

    genealogy: Genealogy

    def text(self) -> str:
        """The tree."""
        return self.genealogy.text()

    def svg(self) -> str:
        """The drawing; empty if there is no simulation to be drawn."""
        layout = lay_out(self.genealogy)
        return draw(layout, *_in_words(self.genealogy, layout)) if layout.strands else ""

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        tree = f"<pre>{html.escape(self.text())}</pre>"
        drawing = self.svg()
        if drawing:
            tree = f"{drawing}<details><summary>As a tree</summary>{tree}</details>"
        return {"text/plain": self.text(), "text/html": f"<div>{tree}</div>"}


def show_history(items: Any) -> History:
    """Show what trajectories come from and what was made of them, here.

    Parameters
    ----------
    items : Trajectory, run, path of a folder or file, or list of these; or a Genealogy
        See `asyncmd_jupyter.sampling.genealogy.genealogy`.
    """
    from IPython.display import display

    history = History(items if isinstance(items, Genealogy) else genealogy(items))
    display(history)  # type: ignore[no-untyped-call]
    return history


def _in_words(family: Genealogy, layout: Layout) -> tuple[str, str]:
    deepest = max(_depths(layout).values(), default=0) + 1
    runs = len(layout.runs)
    title = f"History of {len(layout.strands)} simulations"
    said = [
        f"{len(layout.strands)} simulations of {runs} run{'s' * (runs != 1)}",
        f"{deepest} generation{'s' * (deepest != 1)}",
        f"{layout.duration:g} ps from the first frame to the last",
        f"{len(layout.marks)} files that were made of them",
    ]
    beyond = sum(strand.beyond > 0 for strand in layout.strands)
    if beyond:
        said.append(f"{beyond} with frames behind the one that decided, which do not count")
    missing = sum(strand.lacks_its_start for strand in layout.strands)
    if missing:
        said.append(f"the start of {missing} is missing")
    return title, "; ".join(said) + ". The tree below it says the same in words."


def _depths(layout: Layout) -> dict[str, int]:
    found: dict[str, int] = {}
    for strand in layout.strands:
        found[strand.key] = found.get(strand.parent.key, 0) + 1 if strand.parent else 0
    return found
