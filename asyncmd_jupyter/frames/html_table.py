"""Tables for notebooks, without a script."""

from __future__ import annotations

import html
from collections.abc import Iterable


def html_table(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and texts; lines of a text stay lines."""
    cells = (
        f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(text).replace(chr(10), '<br>')}</td></tr>"
        for name, text in rows
    )
    return f"<table><caption>{html.escape(caption)}</caption>{''.join(cells)}</table>"
