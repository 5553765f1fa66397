"""What a server may tell the side panel of jobs and runs that no test can have for real.

Queues of other people, kernels that died long ago and simulations of days are told here as
the server tells them; what is looked at is the page.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

EVENTS = "**/asyncmd-jupyter/api/events**"
ACTIONS = re.compile(r".*/asyncmd-jupyter/api/(jobs|runs)/.*")


def now() -> str:
    return datetime.now(UTC).isoformat()


def job(name: str, **values: Any) -> dict[str, Any]:
    """A job of this machine that runs."""
    texts = ("reason", "cause", "partition", "run", "walker", "part")
    more_texts = ("campaign", "engine", "notebook")
    nothing = ("native_id", "ended", "time_limit", "exit_code")
    return {
        **dict.fromkeys(texts + more_texts, ""),
        **dict.fromkeys(nothing),
        **{"id": name, "name": name, "ours": True, "launcher": "local", "state": "running"},
        **{"submitted": now(), "started": now(), "attempt": 0, "cores": 1, "nodes": []},
        **{"held": False, "host": "here", "can": ["cancel", "hold"], "logs": []},
        **{"folder": "work", "path": "/work"},
        **values,
    }


def task(number: int, **values: Any) -> dict[str, Any]:
    """One of an array in the queue that somebody started elsewhere."""
    queued = {"id": f"slurm:4_{number}", "native_id": f"4_{number}", "launcher": "slurm"}
    return job("feld", **queued, **{"ours": False, "state": "pending"} | values)


def run(name: str, **values: Any) -> dict[str, Any]:
    """A run of two walkers that goes on."""
    walkers, state = values.get("walkers", 2), values.get("state", "running")
    return {
        "states": {state: walkers},
        **{"key": f"/work/{name}", "name": name, "campaign": "toys", "state": "running"},
        **{"engine": "OpenMM", "launcher": "local", "conditions": [], "walkers": 2, "ended": 0},
        **{"reached": {}, "failures": [], "folder": "work", "path": "/work", "notebook": ""},
        **{"created": now(), "updated": now(), "followed": True},
        **values,
    }


class News:
    """Answers of a server, given on the page itself."""

    def __init__(self, page: Page) -> None:
        self._page, self._body = page, ""
        self.logs: dict[str, list[str]] = {}
        self.is_slow = False
        self._waiting: list[tuple[Route, list[str]]] = []
        self.actions: list[tuple[str, list[str]]] = []
        page.route(EVENTS, self._answer)
        page.route(ACTIONS, self._act)

    def tell(
        self,
        *jobs: dict[str, Any],
        runs: tuple[dict[str, Any], ...] = (),
        scheduler: str = "slurm",
    ) -> None:
        """From now on these are all jobs and runs that there are."""
        news = {
            **{"protocol": 1, "can_show_others": True, "time": now(), "scheduler": scheduler},
            **{"queue_problem": "", "problems": [], "jobs": jobs, "runs": runs},
        }
        self._body = f"event: snapshot\ndata: {json.dumps(news)}\n\n"
        self._page.evaluate("jupyterapp.commands.execute('asyncmd:reconnect')")

    def _answer(self, route: Route) -> None:
        route.fulfill(body=self._body, content_type="text/event-stream")

    def _act(self, route: Route) -> None:
        if route.request.method != "POST":
            self._read(route)
            return
        ids = json.loads(route.request.post_data or "{}")["ids"]
        self.actions.append((urlsplit(route.request.url).path.rsplit("/", 1)[-1], ids))
        self._waiting.append((route, ids))
        if not self.is_slow:
            self.answer()

    def answer(self, message: str = "") -> None:
        """Say that all went well with what was asked for."""
        for route, ids in self._waiting:
            results = [{"id": each, "ok": True, "message": message} for each in ids]
            route.fulfill(json={"results": results})
        self._waiting.clear()

    def _read(self, route: Route) -> None:
        """The end of what a job wrote, or that nothing is known of why it failed."""
        url = urlsplit(route.request.url)
        query = parse_qs(url.query)
        if not url.path.endswith("/log"):
            route.fulfill(json=None)
            return
        [stream], [lines] = query["stream"], query["lines"]
        text = "\n".join(self.logs.get(stream, [])[-int(lines) :])
        log = {"file": stream, "text": text, "size": len(text), "truncated": False}
        route.fulfill(json=log)
