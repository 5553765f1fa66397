"""Names of simulations that keep their files apart from those of others."""

from __future__ import annotations

import os
import re

# mdrun takes this out of the names of all files that it writes, to put the number of the part
# there: "prod.part0002" and "prod.part0002.b" become "prod.part0001.xtc" and
# "prod.b.part0001.xtc". It needs the dot, four digits, and then another dot or the end.
_PART = re.compile(r"\.part[0-9]{4}(?=\.|\Z)")

# The longest one that is made of a name is that of values kept beside several parts:
# ".NAME.part0001.xtc_MULTIPART_asyncmd_jupyter_cv_cache.npz.new".
_LONGEST_FILE_NAME = 255
_LONGEST_ADDITION = 64


def check_keeps_apart(what: str, name: str) -> None:
    """Refuse a name under which an MD program would write files of other names.

    It is the same for all engines, so that a name is as good for one as for another.

    Parameters
    ----------
    what : str
        What the argument is called where it was given.
    name : str

    Raises
    ------
    ValueError
        Saying what would be written, and which name to take instead.
    """
    if found := _PART.search(name):
        other = _PART.sub("", name) or "another simulation"
        raise ValueError(
            f"{what}={name!r} holds {found[0]!r}, which marks the parts of a simulation: GROMACS "
            f"leaves it out of the names of its files, so those of {other!r} would be overwritten. "
            f"Choose another name, such as {_PART.sub(_as_word, name)!r}."
        )
    most = _LONGEST_FILE_NAME - _LONGEST_ADDITION
    if (length := len(os.fsencode(name))) > most:
        raise ValueError(
            f"{what}={name[:20] + '…'!r} has {length} bytes, and the names of files begin with it: "
            f"take at most {most}."
        )


def _as_word(part: re.Match[str]) -> str:
    return f"_{part[0].removeprefix('.')}"
