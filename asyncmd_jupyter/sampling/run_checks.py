"""What can be checked of a run before anything is written or started."""

from __future__ import annotations

from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.names import check_keeps_apart
from asyncmd_jupyter.names import check_name
from asyncmd_jupyter.sampling.propagator import check_draws
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.runs import Runs


def check_spec(spec: RunSpec) -> None:
    """Refuse what can't be carried out.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
    """
    check_name(spec.name)
    if spec.campaign:
        check_name(spec.campaign, "campaign")
    n_walkers = as_count(spec.n_walkers)
    if n_walkers is None or n_walkers < 1:
        raise ValueError(f"n={spec.n_walkers!r} has to be a whole number of at least 1.")
    for begun in (spec.name, spec.deffnm(n_walkers - 1)):
        check_keeps_apart("name", begun)
    if not isinstance(spec.engine, MDEngine):
        raise TypeError(f"engine={spec.engine!r} is no MD engine, such as an OpenMMEngine.")
    if spec.velocities is not None:
        check_draws(spec.engine, spec.velocities)
    if spec.starts and len(spec.starts) != n_walkers:
        raise ValueError(f"There are {len(spec.starts)} starts for {n_walkers} walkers.")
    for start in spec.starts or (spec.start,):
        spec.engine.check_start(start)
    if Runs.current().is_active(spec.name):
        raise ValueError(
            f"The name {spec.name!r} is in use by a run that goes on: choose another one."
        )
