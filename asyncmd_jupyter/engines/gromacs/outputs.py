"""Parameters that leave something out of the trajectories on which everything else depends."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.mdvalues import is_unset

GROUPS = "compressed-x-grps"
_PRECISION = "compressed-x-precision"
_COARSE = 100.0  # steps per nm: 0.005 nm off is a tenth of the width of a hydrogen bond
_SYSTEM = "system"
_OTHERS = "non-"


def check_whole_frames(mdp: MDP, index: Path | None, n_atoms: int | None) -> None:
    """Refuse XTC frames that lack atoms: they would not fit the structure of the run.

    Parameters
    ----------
    mdp : MDP
    index : Path, optional
        Index file; without one only GROMACS' own groups are there.
    n_atoms : int, optional
        Of the system; where it is not known, the largest group of an index file is the whole.

    Raises
    ------
    ValueError
        Naming the option and the way out.
    """
    names = _chosen(mdp)
    if not names:
        return
    if index is None:
        if not _is_everything(names):
            raise ValueError(_told(mdp, names))
        return
    groups = read_groups(index)
    if any(name not in groups for name in names):
        return  # grompp will say so
    whole = n_atoms or max(len(group) for group in groups.values())
    if len(frozenset[int]().union(*(groups[name] for name in names))) < whole:
        raise ValueError(_told(mdp, names, f" ({index.name})"))


def warn_of_coarse_frames(mdp: MDP) -> None:
    """Say that positions are rounded so much that values, views and restarts suffer."""
    value = mdp.get(_PRECISION)
    precision = _COARSE if value is None or is_unset(value) else float(value)
    if 0 < precision < _COARSE:
        warnings.warn(
            f"{_PRECISION} = {precision:g} in {mdp.original_file!r} rounds the positions of XTC "
            f"frames to {1 / precision:g} nm: conditions, views and restarts see only these. "
            "1000 is GROMACS' own choice.",
            stacklevel=3,
        )


def read_groups(index: Path) -> dict[str, frozenset[int]]:
    """Groups of an index file by their names in lower case, of equal ones the first."""
    groups: dict[str, set[int]] = {}
    current: set[int] = set()
    for line in index.read_text(encoding="utf-8", errors="replace").splitlines():
        text = line.partition(";")[0].strip()
        if text.startswith("["):
            name = text.strip("[]").strip().lower()
            current = set() if name in groups else groups.setdefault(name, set())
        else:
            current.update(int(word) for word in text.split() if word.isdecimal())
    return {name: frozenset(atoms) for name, atoms in groups.items()}


def _chosen(mdp: MDP) -> list[str]:
    value = mdp.get(GROUPS) or []
    words = value.split() if isinstance(value, str) else value
    return [str(word).lower() for word in words]


def _is_everything(names: Sequence[str]) -> bool:
    """Whether GROMACS' own groups of these names have all atoms."""
    return _SYSTEM in names or any(f"{_OTHERS}{name}" in names for name in names)


def _told(mdp: MDP, names: Sequence[str], where: str = "") -> str:
    return (
        f"{GROUPS} = {' '.join(names)}{where} in {mdp.original_file!r} writes the atoms of these "
        "groups to the XTC file and no others, so that its frames would not fit the structure of "
        f"the run. Leave it out (del mdp[{GROUPS!r}]), which writes all atoms, and take some "
        "afterwards; or choose output_traj_type='trr', beside which such an XTC file is written."
    )
