"""Parameters of GROMACS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Self

from asyncmd_jupyter.engines.gromacs import mdp_features, mdp_options
from asyncmd_jupyter.engines.mdconfig import LineBasedMDConfig
from asyncmd_jupyter.engines.mdlines import Entry, short
from asyncmd_jupyter.engines.mdvalues import BLANKS, CHOICE, FLAG, Kind, is_unset

_NOT_IN_KEYS = frozenset(BLANKS + "\0;=")


class MDP(LineBasedMDConfig):
    """An mdp file, with its values as numbers, texts and lists.

    Names may be spelled in any case, with ``-``, ``_`` or neither, and by their old names;
    they are listed as in GROMACS' manual, in lower case. What GROMACS understands is
    understood, and what it refuses is refused, with the line that it stands in. A parameter
    without a value is as good as none.

    Parameters
    ----------
    original_file : path
        Read at once.

    Examples
    --------
    >>> mdp = MDP("md.mdp")
    >>> mdp["nsteps"] = 50_000
    >>> mdp["ref-t"] = [300, 310]
    >>> mdp["gen_vel"] = False
    >>> mdp.write("longer.mdp")
    """

    _REPEATS_ARE_ERRORS = True  # as for grompp

    def __init__(self, original_file: str | PathLike[str]) -> None:
        super().__init__()
        self.original_file = original_file

    def differences(self, other: MDP) -> dict[str, tuple[Any, Any]]:
        """What differs from other parameters, spelling and order aside.

        Returns
        -------
        dict
            From names to the values here and there, None where there is none.
        """
        if not isinstance(other, MDP):
            raise TypeError(f"{other!r} is no MDP: MDP('md.mdp') reads one.")
        pairs = {key: (_set(self, key), _set(other, key)) for key in (*self, *other)}
        return {key: pair for key, pair in pairs.items() if self._differ(key, *pair)}

    def nstout(self, output_traj_type: str) -> int:
        """MD steps between two frames; see `nstout_from_mdp`."""
        return mdp_options.nstout_from_mdp(self, output_traj_type)

    def ensure_options(self, genvel: str, continuation: str) -> Self:
        """Set how a simulation begins, in this object; see `ensure_mdp_options`."""
        return mdp_options.ensure_mdp_options(self, genvel, continuation)

    # What the base asks for

    def _parse_line(self, line: str) -> dict[str, Any]:
        # GROMACS reads lines as C texts, which end at a NUL; a form feed makes no line empty.
        text = line.partition("\0")[0].partition(";")[0].strip(" \t\r")
        if not text:
            return {}
        key, equals, value = (part.strip(BLANKS) for part in text.partition("="))
        if not equals:
            raise ValueError(f"{short(text)} has no '=' between a name and a value")
        if not key:
            raise ValueError(f"{short(text)} has no name before its '='")
        return {key: value}

    def _spelling(self, key: str, known: Iterable[str]) -> str:
        if spelling := mdp_features.spelling_of(key):
            return spelling
        fold = mdp_features.folded(key)
        return next((name for name in known if mdp_features.folded(name) == fold), key)

    def _checked_key(self, key: str) -> str:
        if isinstance(key, str) and (wrong := _NOT_IN_KEYS.intersection(key)):
            raise ValueError(f"{key!r} can't be a name in an mdp file: {min(wrong)!r} is in it.")
        return super()._checked_key(key)

    def _kind(self, key: str) -> Kind:
        option = mdp_features.option_of(key)
        tabled = self._tabled_kind(key)
        return tabled or (option.kind if option else super()._kind(key))

    def _is_unused(self, key: str, entries: Mapping[str, Entry]) -> bool:
        def chosen(name: str) -> str:
            return mdp_features.folded(str(entries[name].value)) if name in entries else ""

        option = mdp_features.option_of(key)
        return option is not None and not option.is_read(chosen)

    def _differ(self, key: str, mine: Any, theirs: Any) -> bool:
        if isinstance(mine, str) and isinstance(theirs, str) and self._kind(key) in (CHOICE, FLAG):
            return mdp_features.folded(mine) != mdp_features.folded(theirs)
        return bool(mine != theirs) and repr(mine) != repr(theirs)  # nan is the same as nan


def _set(mdp: MDP, key: str) -> Any:
    value = mdp.get(key)
    return None if is_unset(value) else value
