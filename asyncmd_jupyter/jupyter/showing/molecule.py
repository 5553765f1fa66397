"""Shows the molecules of runs and trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jupyter.recipes import relative, runs_recipe
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.views import Views
from asyncmd_jupyter.jupyter.widgets.trajectory import TrajectoryPreview


def show_molecule(
    items: RunLike | Trajectory | Sequence[RunLike | Trajectory],
) -> TrajectoryPreview:
    """Show molecules here: their newest frames while they are computed, or any others.

    Parameters
    ----------
    items : Run, Trajectory or list of these
        What there is to choose from, finished or still growing.

    Raises
    ------
    TypeError, ValueError
        For anything else, and for an empty list.
    """
    view = TrajectoryPreview(items)
    view.recipe = _recipe(items)
    Views.current().add(view)
    view.show()
    return view


def _recipe(items: RunLike | Trajectory | Sequence[RunLike | Trajectory]) -> dict[str, Any]:
    given: list[Any] = list(items) if isinstance(items, Sequence) else [items]
    runs = [one for one in given if not isinstance(one, Trajectory)]
    files = [
        [[relative(path) for path in one.paths], relative(one.structure_path)]
        for one in given
        if isinstance(one, Trajectory)
    ]
    return {"kind": "molecule", "runs": runs_recipe(runs), "trajectories": files}
