"""What a pattern is, and what it is held against."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.triage.reading import all_lines, lines_around

# The higher one wins where several patterns fit.
MACHINE = 90  # a full disk or no memory: whatever else is said follows from it
ENDED = 80  # the queue or the library says who has ended it
EXACT = 70  # the program names the cause
USUAL = 50
GENERAL = 30  # the program says that it failed, in a form that all its errors have
LAST = 10  # nothing but an exit code


@dataclass(frozen=True)
class Source:
    """A text that may hold the cause.

    Attributes
    ----------
    text : str
        The beginning and the end of a file, or the message of an error.
    path : Path or None
        The file.
    """

    text: str
    path: Path | None = None


@dataclass(frozen=True)
class Case:
    """All that is known of something that failed or waits.

    Attributes
    ----------
    words : tuple of str
        What the queue and the library say about it: reasons and causes, each on its own.
    sources : tuple of Source
        Files and messages, in the order in which they are looked through.
    program : str
        ``gromacs``, ``openmm`` or nothing where it is not known.
    record : JobRecord or None
    error : BaseException or None
    """

    words: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    program: str = ""
    record: JobRecord | None = None
    error: BaseException | None = None

    @property
    def exit_code(self) -> int | None:
        """Of the command; negative for a signal."""
        return None if self.record is None else self.record.exit_code

    @property
    def errno(self) -> int | None:
        """The system's number of an error."""
        return self.error.errno if isinstance(self.error, OSError) else None


class Place(NamedTuple):
    """Where a text fits."""

    source: Source
    match: re.Match[str]
    number: int = sys.maxsize  # of the error, where the program counts them


@dataclass(frozen=True)
class Pattern:
    r"""One thing that can go wrong, or one thing to wait for.

    It fits if `text` is found in a file or message, or `reason` in what the queue says, or
    the exit code is one of `codes`, or the system's number of an error one of `errnos`; or, if
    none of these is given, if `when` says so. Where `when` is given it has to agree in any
    case.

    Attributes
    ----------
    kind : str
        Unique name, such as ``gromacs-lincs``.
    title : str
        A few words for a table.
    meaning : str
        One sentence for people who see this for the first time.
    remedies : tuple of str
        What can be done, the best first.
    text : str
        Regular expression; ``^`` and ``$`` are the ends of lines. Keep it linear: it is
        searched in 80 kB at once.
    numbered : str
        Regular expression, with a group ``number``, for the heading of a numbered error. Of
        several patterns of the same priority the one behind the lowest number wins, because
        what a program says later often follows from that.
    quote : str
        Regular expression, without groups that capture, for what is shown of the file instead
        of the lines around that place, such as all warnings.
    reason : str
        Regular expression for one word or sentence of the queue, matched from its beginning.
    codes, errnos : tuple of int
        Exit codes (negative for signals) and numbers of system errors.
    program : str
        Only jobs of this program (``gromacs``, ``openmm``); those of unknown ones, too.
    when : callable, optional
        Looks at the `Case`.
    priority : int
        Of several that fit the highest wins, of equal ones one that can quote lines, then the
        lowest number of an error, then the first in the table.
    policy : str
        What the library does about it, where that differs from what it does in general.
    """

    kind: str
    title: str
    meaning: str
    remedies: tuple[str, ...] = ()
    text: str = ""
    numbered: str = ""
    quote: str = ""
    reason: str = ""
    codes: tuple[int, ...] = ()
    errnos: tuple[int, ...] = ()
    program: str = ""
    when: Callable[[Case], bool] | None = None
    priority: int = USUAL
    policy: str = ""

    def __post_init__(self) -> None:
        if not (self.kind and self.title and self.meaning):
            raise ValueError(f"Pattern {self.kind!r} needs a kind, a title and a meaning.")
        if not (self.text or self.reason or self.codes or self.errnos or self.when):
            raise ValueError(f"Pattern {self.kind!r} says nothing about when it fits.")

    def check(self) -> None:
        """Try the expressions, which takes too long to be done for all at the first look.

        Raises
        ------
        ValueError
            One of them is none.
        """
        for expression in (self.text, self._behind_number, self.quote, self.reason):
            try:
                re.compile(expression)
            except re.error as error:
                raise ValueError(
                    f"Pattern {self.kind!r}: {expression!r} is no regular expression ({error})."
                ) from error

    @cached_property
    def _text(self) -> re.Pattern[str]:
        return re.compile(self.text, re.MULTILINE)

    @property
    def _behind_number(self) -> str:
        return f"(?:{self.numbered})(?:{self.text})" if self.numbered and self.text else ""

    @cached_property
    def _numbered(self) -> re.Pattern[str]:
        return re.compile(self._behind_number, re.MULTILINE)

    @cached_property
    def _quote(self) -> re.Pattern[str]:
        return re.compile(self.quote, re.MULTILINE)

    @cached_property
    def _reason(self) -> re.Pattern[str]:
        return re.compile(self.reason)

    def concerns(self, case: Case) -> bool:
        """Whether it may fit at all."""
        foreign = self.program and case.program and self.program != case.program
        return not foreign and (self.when is None or self.when(case))

    def in_words(self, case: Case) -> bool:
        """Whether something other than a text fits."""
        if self.reason and any(self._reason.match(word) for word in case.words):
            return True
        if case.exit_code in self.codes or case.errno in self.errnos:
            return True
        return not (self.text or self.reason or self.codes or self.errnos)

    def place_in(self, case: Case) -> Place | None:
        """Where a text fits: behind the lowest number, or else the last place of the first text."""
        sources = case.sources if self.text else ()
        numbered = (self._first_numbered(source) for source in sources) if self.numbered else ()
        others = (self._last(source) for source in sources)
        return next((place for place in (*numbered, *others) if place), None)

    def _first_numbered(self, source: Source) -> Place | None:
        found = [
            Place(source, match, int(match["number"]))
            for match in self._numbered.finditer(source.text)
        ]
        # Programs that were run several times begin to count anew.
        return min(reversed(found), key=lambda place: place.number, default=None)

    def _last(self, source: Source) -> Place | None:
        last = max(self._text.finditer(source.text), key=re.Match.start, default=None)
        return Place(source, last) if last else None

    def quoted(self, source: Source, found: re.Match[str]) -> tuple[str, ...]:
        """The lines that decide."""
        if self.quote and (lines := all_lines(self._quote.findall(source.text))):
            return lines
        return lines_around(source.text, *found.span())
