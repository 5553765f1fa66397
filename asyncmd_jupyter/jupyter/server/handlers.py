"""What the page can ask over HTTP: everything for authorized users only."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from http.client import responses
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.wishes import HOLD, RELEASE
from asyncmd_jupyter.jupyter.server.desk import Desk
from asyncmd_jupyter.jupyter.server.poll import Listener
from asyncmd_jupyter.jupyter.server.validation import (
    STREAMS,
    VERBS,
    RefusedError,
    checked_flag,
    checked_id,
    checked_ids,
    checked_keys,
    checked_lines,
    checked_word,
)

PREFIX = "asyncmd-jupyter"
_PIECE = 2**16


class Handler(APIHandler):
    """What all of them have in common."""

    auth_resource = "asyncmd_jupyter"

    def initialize(self, desk: Desk) -> None:
        """Remember who answers."""
        self.desk = desk

    async def prepare(self) -> None:  # type: ignore[override] # as in APIHandler
        """Turn strangers away, whatever method they try; a preflight has no user."""
        await super().prepare()
        if not self.current_user and self.request.method != "OPTIONS":
            raise HTTPError(403)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what is wrong in JSON, and nothing of what happened inside."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        reason = responses.get(status_code, "Unknown")
        message = error.message if isinstance(error, RefusedError) else f"{reason}."
        self.set_status(status_code)
        self.finish(json.dumps({"message": message, "reason": reason}))

    async def answer(self, result: Awaitable[Any]) -> None:
        """Send what comes out, or that the store can't be used."""
        try:
            self.finish(json.dumps(await result))
        except JobError as error:
            raise RefusedError(503, str(error)) from error


class Watching(Handler):
    """A page that only watches must not keep a server of a hub alive."""

    _track_activity = False


class SnapshotHandler(Watching):
    """All jobs and runs as they are now."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the newest state, not older than the interval of the poll."""
        others = checked_flag("others", self.get_query_arguments("others"))
        board = await self.desk.poll.board(others=others)
        self.finish(board.snapshot(others=others))


class EventsHandler(Watching):
    """All jobs and runs, and then what changes."""

    _listener: Listener | None = None

    @authenticated
    @authorized
    async def get(self) -> None:
        """Send events until the page or the server goes."""
        others = checked_flag("others", self.get_query_arguments("others"))
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        self._listener = self.desk.poll.listen(others=others)
        try:
            async for message in self._listener.messages(self.desk.options.keep_alive):
                await self._send(message)
                message = ""  # or megabytes would be kept until something changes
        except StreamClosedError:
            pass
        finally:
            self._listener.close()
        self.finish(set_content_type="text/event-stream")

    async def _send(self, message: str) -> None:
        """A snapshot of many jobs is megabytes, which are not copied at once."""
        for first in range(0, len(message), _PIECE):
            self.write(message[first : first + _PIECE])
            await self.flush()

    def on_connection_close(self) -> None:
        """Stop to look when nobody is left."""
        if self._listener is not None:
            self._listener.close()


class ActionHandler(Handler):
    """Changes several jobs."""

    @authenticated
    @authorized
    async def post(self, verb: str) -> None:
        """Answer with one result for each job."""
        ids = checked_ids(self.request.body)
        await self.answer(self._results(verb, ids))

    async def _results(self, verb: str, ids: list[str]) -> dict[str, Any]:
        outcomes = await self.desk.do(verb, ids)
        return {"results": [vars(outcome) for outcome in outcomes]}


class RunHandler(Handler):
    """Changes several runs, by the kernels that look after them."""

    verb = HOLD

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with one result for each run."""
        await self.answer(self._results(checked_keys(self.request.body)))

    async def _results(self, keys: list[str]) -> dict[str, Any]:
        outcomes = await self.desk.do_with_runs(self.verb, keys)
        return {"results": [vars(outcome) for outcome in outcomes]}


class ReleaseRunHandler(RunHandler):
    """Lets held runs go on."""

    verb = RELEASE


class LogHandler(Watching):
    """The end of what a job has written."""

    @authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """Answer with the last lines of one of its outputs."""
        checked_id(job_id)
        stream = checked_word("stream", self.get_query_arguments("stream"), STREAMS)
        n_lines = checked_lines(self.get_query_arguments("lines"))
        await self.answer(self.desk.log(job_id, stream, n_lines))


class TriageHandler(Watching):
    """Why a job failed, and what can be done."""

    @authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """Answer with a diagnosis, or null if nothing is wrong with the job."""
        await self.answer(self.desk.why(checked_id(job_id)))


class UnknownHandler(Handler):
    """What else is asked for below our address."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """There is nothing."""
        raise HTTPError(404)

    post = put = patch = delete = get


def handlers(desk: Desk) -> list[tuple[str, type[Handler], dict[str, Any]]]:
    """All routes, below the base URL."""
    routes: list[tuple[str, type[Handler]]] = [
        ("api/snapshot", SnapshotHandler),
        ("api/events", EventsHandler),
        (f"api/jobs/({'|'.join(VERBS)})", ActionHandler),
        (f"api/runs/{HOLD}", RunHandler),
        (f"api/runs/{RELEASE}", ReleaseRunHandler),
        ("api/jobs/([^/]+)/log", LogHandler),
        ("api/jobs/([^/]+)/triage", TriageHandler),
        (".*", UnknownHandler),
    ]
    return [(f"/{PREFIX}/{path}", handler, {"desk": desk}) for path, handler in routes]
