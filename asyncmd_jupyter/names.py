"""Names of runs and campaigns, and texts of others in one line of a terminal.

A name becomes a folder, the beginning of file names, a word of a command and part of a cell,
so there is one rule for all of them, also for names that are read from a disk.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Blanks that Python calls not printable, and what joins and parts letters of some scripts.
_HARMLESS = "\u00a0\u2002\u2003\u2007\u2009\u200a\u200c\u200d\u202f\u3000"
_BREAKS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_name(name: object) -> bool:
    """Whether a run or a campaign can be called so."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def check_name(name: object, what: str = "name") -> None:
    """Refuse a name that can't name a folder and files.

    Raises
    ------
    ValueError
        Saying which characters can be used.
    """
    if not is_name(name):
        raise ValueError(
            f"{what}={name!r} names a folder and files: use letters, digits, '_', '-' and '.', "
            "beginning with a letter or digit."
        )


def escaped(text: str, *, lines: bool = False) -> str:
    r"""Show what a terminal would obey, such as ``\x1b[2J``, instead of sending it there.

    Parameters
    ----------
    text : str
        It may be somebody else's: a reason, a name, the output of a program.
    lines : bool
        Whether line breaks and tabs stay as they are.
    """
    if text.isprintable():
        return text
    kept = f"{_HARMLESS}\n\t" if lines else _HARMLESS
    return "".join(c if c.isprintable() or c in kept else _escape(c) for c in text)


def _escape(letter: str) -> str:
    if letter in _BREAKS:
        return _BREAKS[letter]
    code = ord(letter)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
