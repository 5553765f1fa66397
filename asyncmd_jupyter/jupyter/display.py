"""Sends outputs to the notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def publish(bundle: Mapping[str, Any], display_id: str | None = None, update: bool = False) -> None:
    """Show a bundle of representations here, or replace the one with the same id."""
    from IPython.display import publish_display_data

    transient = {"display_id": display_id} if display_id else None
    publish_display_data(dict(bundle), transient=transient, update=update)  # type: ignore[no-untyped-call]
