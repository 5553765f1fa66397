"""Small systems for GROMACS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asyncmd_jupyter import examples
from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP

STEM = Path(examples.__file__).parent / "gromacs" / "alanine_dipeptide_vacuum"


def parameters(
    *, nstout: int = 500, temperature: float = 300, dt: float = 0.002, seed: int = 3
) -> MDP:
    """Langevin dynamics of a molecule in vacuum."""
    mdp = MDP(STEM.with_suffix(".mdp"))
    for key in ("nstxout", "nstvout", "nstxout-compressed"):
        mdp[key] = nstout
    mdp.update({"ref-t": [temperature], "dt": dt, "ld-seed": seed, "gen-seed": seed})
    return mdp


def gromacs_engine(
    *, mdp: MDP | None = None, changes: Mapping[str, Any] | None = None, **options: Any
) -> GmxEngine:
    """Alanine dipeptide in vacuum, with one thread.

    `changes` are those of the parameters (None: left out), `options` those of `parameters`
    and of the engine.
    """
    names = ("nstout", "temperature", "dt", "seed")
    given = {name: options.pop(name) for name in names if name in options}
    mdp = parameters(**given) if mdp is None else mdp
    for key, value in (changes or {}).items():
        if value is None:
            mdp.pop(key, None)
        else:
            mdp[key] = value
    files = {"gro_file": STEM.with_suffix(".gro"), "top_file": STEM.with_suffix(".top")}
    return GmxEngine(mdp, **{**files, "mdrun_extra_args": "-nt 1", **options})


def exploding_gromacs_engine() -> GmxEngine:
    return gromacs_engine(dt=0.05, nstout=10, grompp_extra_args="-maxwarn 9")
