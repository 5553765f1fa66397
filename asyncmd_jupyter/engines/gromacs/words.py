"""What GROMACS' programs say when they fail."""

from __future__ import annotations

import re

_BLOCK = re.compile(
    r"^Program:.*?$(?P<text>.*?)(?=^For more information|^-{20,}$|\Z)", re.DOTALL | re.MULTILINE
)
_COMPLAINT = re.compile(r"^(?:ERROR|WARNING) \d+ \[.*?(?=^\s*$)", re.DOTALL | re.MULTILINE)
_CONSTRAINTS = re.compile(
    r"^Step \d+, time .*?(?:LINCS|SHAKE) WARNING$.*?(?=^bonds|^\s*$|\Z)", re.DOTALL | re.MULTILINE
)
_SOURCE = re.compile(r"^(?:Source file|Function|MPI rank):.*\n?", re.MULTILINE)
_SIGNAL = re.compile(r"^Received the \S+ signal, stopping", re.MULTILINE)


def deciding_words(output: str) -> str:
    """The errors in the output of a program; nothing if it named none.

    Those are the fatal error and what ``grompp`` counts in it, without the lines on where in
    the source code it happened, and the last constraints that could not be fulfilled.
    """
    complaints = [match[0].strip() for match in _COMPLAINT.finditer(output)]
    errors = [_SOURCE.sub("", match["text"]).strip() for match in _BLOCK.finditer(output)]
    warnings = [match[0].strip() for match in _CONSTRAINTS.finditer(output)]
    return "\n\n".join(dict.fromkeys([*complaints, *warnings[-1:], *errors[-1:]]))


def has_obeyed_signal(output: str) -> bool:
    """Whether ``mdrun`` stopped because it was told to, having saved its state."""
    return bool(_SIGNAL.search(output)) and not _BLOCK.search(output)
