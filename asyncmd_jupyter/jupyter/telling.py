"""What the magics write: sentences, and errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from IPython.core.error import UsageError

from asyncmd_jupyter.errors import AsyncMDError
from asyncmd_jupyter.names import escaped


def say(text: str) -> None:
    """Write lines under the cell; a terminal obeys nothing that is in them."""
    sys.stdout.write(f"{escaped(text, lines=True)}\n")


def flat(text: str) -> str:
    """Write a text in one line that a terminal only shows."""
    return escaped(" ".join(text.split()))


def told(error: BaseException) -> str:
    """Write what went wrong; errors of other kinds may say nothing without their name."""
    from asyncmd_jupyter.triage.raised import told_error

    return told_error(error)


@contextmanager
def one_line_errors(where: str = "") -> Iterator[None]:
    """Say what is wrong in one line instead of a traceback; the cell fails all the same.

    Parameters
    ----------
    where : str
        Comes first, such as the number of a line.
    """
    place = f"{where}: " if where else ""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{place}{flat(str(error))}") from error
    except (AsyncMDError, ValueError, TypeError, LookupError, OSError) as error:
        raise UsageError(f"{place}{flat(_text_of(error))}") from error


def _text_of(error: BaseException) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
