"""Parameter files written anew, and what GROMACS made of them."""

from __future__ import annotations

from math import inf
from pathlib import Path

from grompp_runs import Processed

from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.mdp_features import folded, option_of
from asyncmd_jupyter.engines.mdvalues import (
    real,
    whole,
    words_of,
)


def written(folder: Path, content: str | bytes, name: str = "given.mdp") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def set_one_by_one(mdp: MDP, folder: Path) -> Path:
    """A file with the same values, each written anew from what the mapping holds."""
    new = MDP(written(folder, "", "empty.mdp"))
    left_out = unread(mdp)
    new.update({key: value for key, value in mdp.items() if key not in left_out})
    new.write(folder / "anew.mdp")
    return folder / "anew.mdp"


def unread(mdp: MDP) -> set[str]:
    """Keys of values that are no numbers though they should be: GROMACS does not look at them."""

    def text_for_number(key: str) -> bool:
        option, items = option_of(key), mdp[key] if isinstance(mdp[key], list) else [mdp[key]]
        wanted = option is not None and option.kind.read in (whole, real)
        return wanted and any(isinstance(item, str) for item in items)

    infinite = {key for key, value in mdp.items() if value in (inf, -inf)}
    unknown = {key for key in mdp if option_of(key) is None and set(key) & set(" #")}
    return {key for key in mdp if text_for_number(key)} | infinite | unknown


def as_numbers(text: str) -> list[float | str]:
    """Values as GROMACS compares them: numbers by value, words without case and dashes."""

    def value(word: str) -> float | str:
        try:
            return real(word)
        except ValueError:
            return folded(word)

    return [value(word) for word in words_of(text)]


def processed(parameters: Processed) -> dict[str, list[float | str]]:
    return {folded(key): as_numbers(value) for key, value in parameters.parameters.items()}
