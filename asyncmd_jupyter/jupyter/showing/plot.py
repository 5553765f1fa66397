"""Shows the conditions of runs over time, or two functions of their frames against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from asyncmd_jupyter.engines.energies.names import SHARED
from asyncmd_jupyter.jupyter.recipes import runs_recipe
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.views import Views
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.gathering import scene_now
from asyncmd_jupyter.jupyter.widgets.words import listed
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.edited import intervals
from asyncmd_jupyter.sampling.what_if import named_conditions


def show_plot(
    runs: RunLike | Iterable[RunLike],
    *,
    until: Sequence[Any] | None = None,
    plane: Sequence[str] | None = None,
    energies: Sequence[str] | None = None,
) -> ConditionPlot:
    """Show the conditions of one run or of several here, or their energies.

    Parameters
    ----------
    runs : Run or list of Run
    until : list of condition or (str, condition), optional
        Other conditions: the plot shows them instead and says which runs would have ended
        where, from the stored frames, without new MD.
    plane : (str, str), optional
        Names of two functions that conditions compare. Instead of the time the plot shows
        the walkers over the density of their frames, of runs of full length over the free
        energy.
    energies : list of str, optional
        What the MD program says of its physics, to be shown in the beginning, such as
        ``["Temperature"]``; see `EnergyTable` for the names. The reader may choose others. By
        default nothing beside conditions, and an overview of runs without any.

    Raises
    ------
    TypeError, ValueError
        For what is no run, no condition or no name of a function.
    """
    found = _as_runs(runs)
    others = None if until is None else named_conditions(until)
    axes = None if plane is None else _checked_plane(plane, found, others)
    if others is not None and any(getattr(run, "spec", None) is None for run in found):
        raise ValueError("Of these runs it is not known what they were asked for.")
    names = None if energies is None else _checked_energies(energies, found)
    plot = ConditionPlot(found, until=others, plane=axes, can_edit=True, energies=names)
    plot.recipe = {"kind": "plot", "runs": runs_recipe(found), "plane": axes, "energies": names}
    Views.current().add(plot)
    plot.show()
    return plot


def _as_runs(runs: RunLike | Iterable[RunLike]) -> Sequence[RunLike]:
    found = list(runs) if isinstance(runs, Iterable) else [runs]
    if not found:
        raise ValueError("There is no run to plot: give a run, or a list of runs.")
    for run in found:
        if not (hasattr(run, "snapshot") and hasattr(run, "pieces")):
            raise TypeError(f"{run!r} is no run. Give what start_run returned, or a list of it.")
    return list({run.id: run for run in found}.values())


def _checked_energies(names: Sequence[str], runs: Sequence[RunLike]) -> list[str]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"energies={names!r} has to be a list of names.")
    for name in names:
        if name not in SHARED:
            near = get_close_matches(name.capitalize(), SHARED, 1, 0.4)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"energies={list(names)!r}: {name!r} is not known; there are {listed(SHARED)}. "
                f"Others are in the list below the plot.{hint}"
            )
    if not any(getattr(run, "has_energies", False) for run in runs):
        raise ValueError("The engine of these runs does not say how energies are written.")
    return list(dict.fromkeys(names))


def _checked_plane(
    plane: Any, runs: Sequence[RunLike], others: Sequence[Condition] | None
) -> tuple[str, str]:
    if isinstance(plane, str) or len(plane) != 2 or not all(isinstance(n, str) for n in plane):
        raise TypeError(f"plane={plane!r} has to be the names of two functions.")
    known = _function_names(runs, others)
    for name in plane:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"plane={tuple(plane)!r}: no condition compares {name!r} with limits; there "
                f"{'are' if len(known) != 1 else 'is'} {listed(known) or 'none'}.{hint}"
            )
    return plane[0], plane[1]


def _function_names(runs: Sequence[RunLike], others: Sequence[Condition] | None) -> list[str]:
    names = {} if others is not None else dict.fromkeys(scene_now(runs).observables)
    for run in runs:
        spec = getattr(run, "spec", None)
        conditions = others if others is not None else (spec.until if spec else ())
        names |= {one.quantity_name: None for c in conditions for one in intervals(c)}
    return list(names)
