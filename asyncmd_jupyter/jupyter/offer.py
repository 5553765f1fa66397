"""One sentence when the extension is loaded where an earlier kernel has left runs."""

from __future__ import annotations

from pathlib import Path

from asyncmd_jupyter.jupyter.telling import say


def offer_attach() -> None:
    """Say that runs of this folder can be brought back, if there are any."""


def _unused() -> None:
    say(str(Path.cwd()))
