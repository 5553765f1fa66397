"""Patterns of what one program writes, in a few words each."""

from __future__ import annotations

from dataclasses import dataclass

from asyncmd_jupyter.triage.pattern import EXACT, Pattern


@dataclass(frozen=True)
class Says:
    """Makes patterns of one program.

    Attributes
    ----------
    prefix : str
        What their kinds begin with.
    program : str
    is_wrapped : bool
        Whether the program breaks its lines at some width.
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
            text=text.replace(" ", r"\s+") if self.is_wrapped else text,
            title=title,
            meaning=meaning,
            remedies=remedies,
            program=self.program,
            priority=priority,
            numbered=self.numbered,
            quote=quote,
        )
