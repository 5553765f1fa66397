"""Patterns of what one program writes, in a few words each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from asyncmd_jupyter.triage.pattern import EXACT, Pattern

# Lines of one paragraph, as few as do; linear, because each but the last is taken whole.
_WRAPPED_LINES = r".*(?:\n.+){0,4}?"


@dataclass(frozen=True)
class Says:
    """Makes patterns of one program.

    Attributes
    ----------
    prefix : str
        What their kinds begin with.
    program : str
    is_wrapped : bool
        Whether the program breaks its lines at some width: a space of `text` is any white
        space then, and ``.*`` between two spaces goes over several lines.
    numbered : str
        See `Pattern`.
    """

    prefix: str
    program: str
    is_wrapped: bool = False
    numbered: str = ""

    def __call__(
        self,
        kind: str,
        text: str,
        title: str,
        meaning: str,
        *remedies: str,
        priority: int = EXACT,
        quote: str = "",
    ) -> Pattern:
        """Make one; see `Pattern`."""
        return Pattern(
            kind=f"{self.prefix}-{kind}",
            text=_wrapped(text) if self.is_wrapped else text,
            title=title,
            meaning=meaning,
            remedies=remedies,
            program=self.program,
            priority=priority,
            numbered=self.numbered,
            quote=quote,
        )


def _wrapped(text: str) -> str:
    """Let line breaks stand in place of spaces, and in the names between two words.

    Where a line breaks depends on the length of such names, for example of paths.
    """
    return re.sub(r" \.\*(?= )", lambda _: f" {_WRAPPED_LINES}", text).replace(" ", r"\s+")
