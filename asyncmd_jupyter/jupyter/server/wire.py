"""Pieces of JSON put together: what has not changed is never made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence


def as_object(**values: str | Sequence[str]) -> str:
    """An object: texts, and lists of what is JSON already."""
    parts = (f"{json.dumps(name)}:{_value(value)}" for name, value in values.items())
    return "{" + ",".join(parts) + "}"


def quoted(texts: Iterable[str]) -> list[str]:
    """Texts as JSON."""
    return [json.dumps(text) for text in texts]


def event(name: str, data: str) -> str:
    """A server-sent event; JSON has no line breaks."""
    return f"event: {name}\ndata: {data}\n\n"


def _value(value: str | Sequence[str]) -> str:
    return json.dumps(value) if isinstance(value, str) else f"[{','.join(value)}]"
