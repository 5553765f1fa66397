"""How parameter files look in a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from asyncmd_jupyter.engines.mdvalues import to_text

if TYPE_CHECKING:
    from asyncmd_jupyter.engines.mdconfig import MDConfig

_MOST_ROWS = 60


def plain(config: MDConfig) -> str:
    """One line for the file and one for each parameter; changed ones are marked."""
    return "\n".join((_title(config), *(f"{row[0]} {row[1]} = {row[2]}" for row in _rows(config))))


def table(config: MDConfig) -> str:
    """The same as HTML without scripts."""
    rows = (
        f"<tr><th style='text-align:left'>{html.escape(key)}{mark.strip()}</th>"
        f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
        for mark, key, value in _rows(config)
    )
    return f"<table><caption>{html.escape(_title(config))}</caption>{''.join(rows)}</table>"


def _title(config: MDConfig) -> str:
    more = len(config) - _MOST_ROWS
    first = f", the first {_MOST_ROWS}:" if more > 0 else ""
    changed = sum(1 for _ in config.changed_keys())
    note = f", {changed} changed (*)" if changed else ""
    return _printable(
        f"{type(config).__name__}({config.original_file!r}): {len(config)} parameters{note}{first}"
    )


def _rows(config: MDConfig) -> list[tuple[str, str, str]]:
    changed = set(config.changed_keys())
    return [
        ("*" if key in changed else " ", _printable(key), _printable(_text(value)))
        for key, value in list(config.items())[:_MOST_ROWS]
    ]


def _text(value: object) -> str:
    text = to_text(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _printable(text: str) -> str:
    # Bytes that are no UTF-8 are kept as lone surrogates, which can't be shown.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
