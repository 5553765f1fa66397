"""``%asyncmd propagate?`` shows the help of the command, not of a variable of that name."""

from __future__ import annotations

import re

_ASKS = re.compile(r"(?P<indent>\s*)%{1,2}asyncmd(?:\s+(?P<words>[^?]*?))?\s*\?{1,2}\s*")
_ASKS_BEFORE = re.compile(r"(?P<indent>\s*)\?{1,2}\s*%{1,2}asyncmd(?:\s+(?P<words>[^?]*?))?\s*")


def answer_question_marks(lines: list[str]) -> list[str]:
    """Turn a question about one of our commands into its help.

    IPython takes the last word before a question mark for a name of the user. Only a cell
    of one line is changed, as questions are: elsewhere it might be in a text.
    """
    written = [row for row in lines if row.strip()]
    if len(written) != 1:
        return lines
    found = _ASKS.fullmatch(written[0]) or _ASKS_BEFORE.fullmatch(written[0])
    if found is None:
        return lines
    words = (found["words"] or "").split()
    return [f"%asyncmd help {words[0]}\n" if words else "%asyncmd help\n"]
