"""A real Jupyter server with our extension, and a page that talks to it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncmd_jupyter

CHECKOUT = Path(__file__).parents[2]
ENABLING = CHECKOUT / "jupyter-config" / "jupyter_server_config.d"
PRIVATE = (
    *("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
    "ASYNCMD_STATE_DIR",
)
# They take most of the start, and nothing here is about them.
SLOW = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals")
QUICK = ("--AsyncMDServer.poll_interval=0.1", "--AsyncMDServer.keep_alive=0.3")
PREFIX = "asyncmd-jupyter"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Server:
    """Where a server listens; asks it as the page does."""

    port: int
    token: str
    base_url: str
    root: Path
    state: Path
    log: Path
    pid: int

    def request(self, method, path, body=None, *, headers=None, prefix=f"{PREFIX}/") -> Answer:
        """Ask with the token, unless other headers are given."""
        url = f"http://127.0.0.1:{self.port}{self.base_url}{prefix}{path}"
        auth = {"Authorization": f"token {self.token}"} if headers is None else headers
        request = urllib.request.Request(url, data=body, method=method, headers=auth)
        try:
            with urllib.request.urlopen(request) as answer:
                return Answer(answer.status, answer.read().decode(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), dict(error.headers))

    async def get(self, path) -> Answer:
        return await asyncio.to_thread(self.request, "GET", path)

    async def snapshot(self, others=0):
        return (await self.get(f"api/snapshot?others={others}")).json

    async def job(self, job_id):
        """One job as the page sees it now."""
        return next(job for job in (await self.snapshot())["jobs"] if job["id"] == job_id)

    async def do(self, verb, *ids):
        body = json.dumps({"ids": ids}).encode()
        answer = await asyncio.to_thread(self.request, "POST", f"api/jobs/{verb}", body)
        assert answer.status == 200, answer
        return answer.json["results"]

    @asynccontextmanager
    async def events(self, others=0):
        """An open stream of events."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        # In version 1.0 nothing is cut into chunks.
        writer.write(
            f"GET {self.base_url}{PREFIX}/api/events?others={others} HTTP/1.0\r\n"
            f"Host: 127.0.0.1:{self.port}\r\nAuthorization: token {self.token}\r\n\r\n".encode()
        )
        try:
            yield Events(reader)
        finally:
            writer.close()
            await writer.wait_closed()


class Events:
    """Reads server-sent events."""

    def __init__(self, reader):
        self._reader = reader
        self.head = ""

    async def next(self):
        """Name and content of the next event, or the comment."""
        if not self.head:
            self.head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        text = (await self._reader.readuntil(b"\n\n")).decode()
        if text.startswith(":"):
            return "comment", text.strip()
        name, data = text.strip().split("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def until(self, name, holds):
        """The content of the first event of a name for which something holds."""
        while True:
            seen, content = await self.next()
            if seen == name and holds(content):
                return content


@contextmanager
def running_server(
    base: Path,
    *options: str,
    base_url: str = "/hub/user x/",
    is_ours: bool = True,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Start a server with its own folders below `base` and stop it at the end.

    It asks quickly, unless that is among the options; it may also be one without us.
    """
    port, token = free_port(), secrets.token_hex(16)
    folders = {name: base / name.lower() for name in PRIVATE}
    root = base / "served"
    for folder in (root, folders["HOME"]):
        folder.mkdir()
    configure(folders["JUPYTER_CONFIG_DIR"], is_ours)
    log = base / "server.log"
    url = base_url.replace(" ", "%20")
    command = [
        *(sys.executable, "-P", "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.base_url={url}", *(options or QUICK)),
    ]
    env = {**os.environ, **{name: str(path) for name, path in folders.items()}}
    env |= {"PYTHONPATH": f"{Path(asyncmd_jupyter.__file__).parents[1]}:{Path(__file__).parent}"}
    env |= {"ASYNCMD_CANCEL_GRACE": "1", **(variables or {})}
    with (
        log.open("wb") as file,
        subprocess.Popen(command, env=env, stdout=file, stderr=file, cwd=base) as process,
    ):
        state = folders["ASYNCMD_STATE_DIR"]
        server = Server(port, token, url, root, state, log, process.pid)
        try:
            wait_until_it_answers(server, process)
            yield server
        finally:
            process.terminate()


def configure(folder: Path, is_ours: bool) -> None:
    shutil.copytree(ENABLING, folder / ENABLING.name)
    left_out = SLOW if is_ours else (*SLOW, "asyncmd_jupyter")
    off = {"ServerApp": {"jpserver_extensions": dict.fromkeys(left_out, False)}}
    (folder / ENABLING.name / "without.json").write_text(json.dumps(off))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            server.request("GET", "api/status", prefix="")
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"The server did not start:\n{server.log.read_text()}")
