"""Follows the row of the table of simulations that is opened."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.widgets.simulations_book import SimulationBook
from asyncmd_jupyter.jupyter.widgets.simulations_details import Subject, Tail

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class OpenedRow:
    """Sends what one tab of the opened row shows; a log as long as it is open.

    Parameters
    ----------
    book : SimulationBook
    send : callable
        Takes a message for the browser.
    """

    def __init__(self, book: SimulationBook, send: Callable[[dict[str, Any]], Any]) -> None:
        self._book = book
        self._send = send
        self._task: asyncio.Task[None] | None = None

    def on_message(self, content: dict[str, Any]) -> None:
        """Open a row's tab in place of what was open, or close it."""
        self.close()
        if content.get("kind") == "open":
            shown = self._show(int(content["row"]), str(content.get("tab")), content.get("file"))
            self._task = runtime.start(shown, name="opened row")

    def close(self) -> None:
        """Stop to follow."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _show(self, number: int, tab: str, file: str | None) -> None:
        answer = {"kind": "detail", "row": number, "tab": tab}
        try:
            if tab == "log":
                await self._follow_log(number, answer, file)
            else:
                content = await asyncio.to_thread(_read, tab, self._subject(number))
                self._send({**answer, "content": content})
        except KeyError:
            self._send({**answer, "gone": True})
        except Exception as error:
            logger.debug("A row's %s can't be shown", tab, exc_info=True)
            self._send({**answer, "error": f"{type(error).__name__}: {error}"})

    async def _follow_log(self, number: int, answer: dict[str, Any], file: str | None) -> None:
        tail: Tail | None = None
        known: list[str] | None = None
        while True:
            logs = await asyncio.to_thread(self._subject(number).logs)
            names = sorted(str(path) for path in logs)
            if tail is None or (file is None and str(tail.path) not in names):
                tail = _chosen(logs, file)
            if names != known:
                chosen = None if tail is None else str(tail.path)
                self._send({**answer, "logs": names, "chosen": chosen})
                known = names
            if tail is not None and (more := await asyncio.to_thread(tail.more)) is not None:
                is_new, text = more
                self._send({**answer, "replace": is_new, "text": text})
            await asyncio.sleep(LOOK_SECONDS)

    def _subject(self, number: int) -> Subject:
        run, snapshot, index = self._book.place(number)
        spec = getattr(run, "spec", None)
        several = f"{snapshot.id}_{index}" if len(snapshot.walkers) > 1 else snapshot.id
        deffnm = several if spec is None else spec.deffnm(index)
        walkers = getattr(run, "walkers", None)
        return Subject(
            snapshot.workdir,
            deffnm,
            self._book.record(number),
            error=None if walkers is None else getattr(walkers[index], "error", None),
            said=snapshot.walkers[index].error,
        )


def _chosen(logs: list[Path], file: str | None) -> Tail | None:
    """Only files that were offered can be read."""
    for path in logs:
        if file in (None, str(path)):
            return Tail(path)
    return None


def _read(tab: str, subject: Subject) -> Any:
    if tab == "files":
        return subject.files()
    return subject.script() if tab == "script" else subject.triage()
