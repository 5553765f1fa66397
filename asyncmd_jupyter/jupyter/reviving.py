"""Makes a view anew in a kernel that knows nothing of it, from the recipe beside the view."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.files.reading import parse_json
from asyncmd_jupyter.names import check_name

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.run import Run

Recipe = Mapping[str, Any]
_DAMAGED = "what is saved of this view is damaged: run its cell again"


async def revive(text: str) -> None:
    """Bring back the runs that a view is about, and show it here.

    The page calls this when somebody wants a view back that has lost its kernel.

    Parameters
    ----------
    text : str
        The recipe as JSON.

    Raises
    ------
    ValueError
        If nobody knows how to make such a view, or its run is gone; says what helps.
    """
    recipe = parse_json(text)
    kind = recipe.get("kind") if isinstance(recipe, dict) else None
    maker = _MAKERS.get(str(kind))
    if maker is None:
        raise ValueError(f"views of the kind {kind!r} are not known here: run their cell again.")
    _load_extension()
    try:
        await maker(recipe)
    except (TypeError, KeyError, AttributeError) as error:  # a notebook may come from anybody
        raise ValueError(f"{_DAMAGED} ({error!r})") from error


async def _run(recipe: Recipe) -> None:
    from asyncmd_jupyter.jupyter.views import show_run

    runs = await _runs(recipe)
    if len(runs) != 1:
        raise ValueError(f"{_DAMAGED}.")
    show_run(runs[0])


async def _jobs(_recipe: Recipe) -> None:
    from asyncmd_jupyter.jobs.manager import JobManager
    from asyncmd_jupyter.jupyter.views import show_jobs

    await JobManager.current().attach(folder=Path())
    show_jobs()


async def _simulations(recipe: Recipe) -> None:
    from asyncmd_jupyter.jupyter.showing.simulations import show_simulations
    from asyncmd_jupyter.sampling.run import Runs

    if recipe.get("runs") is None:
        problems = await _attach(Path())
        if problems and not Runs.current().all():
            raise ValueError(" ".join(problems))
        show_simulations(campaign=recipe.get("campaign"))
    else:
        show_simulations(await _runs(recipe), campaign=recipe.get("campaign"))


async def _plot(recipe: Recipe) -> None:
    from asyncmd_jupyter.jupyter.showing.plot import show_plot

    show_plot(
        await _runs(recipe), plane=recipe.get("plane"), energies=recipe.get("energies") or None
    )


async def _molecule(recipe: Recipe) -> None:
    from asyncmd_jupyter.frames.trajectory import Trajectory
    from asyncmd_jupyter.jupyter.showing.molecule import show_molecule

    trajectories = [Trajectory(*files) for files in recipe.get("trajectories", ())]
    show_molecule([*await _runs(recipe), *trajectories])


async def _runs(recipe: Recipe) -> list[Run]:
    """Give the runs that a recipe names, taken back from their folders where need be."""
    from asyncmd_jupyter.sampling.run import Runs

    known = {run.id: run for run in Runs.current().all()}
    wanted = _wanted(recipe)
    problems: list[str] = []
    for folder in sorted({wanted[name] for name in wanted.keys() - known.keys()}):
        problems += await _attach(Path(folder))
    known = {run.id: run for run in Runs.current().all()}
    if gone := sorted(wanted.keys() - known.keys()):
        raise ValueError(
            " ".join(
                [problem for problem in problems if any(repr(name) in problem for name in gone)]
            )
            or f"There is nothing left to take back of: {', '.join(gone)}. Is the notebook in "
            "another folder than before?"
        )
    return [known[name] for name in wanted]


def _wanted(recipe: Recipe) -> dict[str, str]:
    """Names of runs and their folders; a notebook may come from anybody."""
    wanted = recipe.get("runs", {})
    if not isinstance(wanted, dict) or not all(isinstance(each, str) for each in wanted.values()):
        raise ValueError(f"{_DAMAGED}.")
    for name in wanted:
        check_name(name)
    return wanted


async def _attach(folder: Path) -> tuple[str, ...]:
    from asyncmd_jupyter.sampling.run_memory import attach_runs

    return (await attach_runs(folder)).problems


def _load_extension() -> None:
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is not None and "asyncmd_jupyter" not in shell.extension_manager.loaded:
        shell.extension_manager.load_extension("asyncmd_jupyter")


_MAKERS: Mapping[str, Callable[[Recipe], Awaitable[None]]] = {
    "run": _run,
    "jobs": _jobs,
    "simulations": _simulations,
    "plot": _plot,
    "molecule": _molecule,
}
