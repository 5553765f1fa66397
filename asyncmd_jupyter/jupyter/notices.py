"""Warnings of this package in the notebook: what is logged is shown, without tracebacks."""

from __future__ import annotations

import logging
import sys

_PACKAGE = "asyncmd_jupyter"


class Notices(logging.Handler):
    """Writes warnings to where the outputs of cells go, also those of other threads.

    Of one with a traceback only the message: views and cells tell what has failed. Whoever
    configures logging sees the messages there instead.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(_Message())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message, unless a handler of the user's has it."""
        if logging.getLogger().handlers or sys.stderr is None:
            return
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # the page or terminal is gone
            return


class _Message(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The text and, of an error, what it says in one line."""
        text = f"asyncmd: {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        return text if error is None else f"{text} ({type(error).__name__}: {error})"


def show_warnings() -> None:
    """Show what is logged from now on."""
    hide_warnings()
    logging.getLogger(_PACKAGE).addHandler(Notices())


def hide_warnings() -> None:
    """Take back what `show_warnings` did."""
    logger = logging.getLogger(_PACKAGE)
    for handler in [one for one in logger.handlers if isinstance(one, Notices)]:
        logger.removeHandler(handler)
