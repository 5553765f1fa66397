"""A real JupyterLab server on a free loopback port, with token and XSRF checks on."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.office import Office
from asyncmd_jupyter.settings import Settings

PRIVATE_FOLDERS = (
    "HOME",
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "ASYNCMD_STATE_DIR",
)


@dataclass(frozen=True)
class LabServer:
    """Where a server listens and which folder it serves."""

    address: str
    token: str
    folder: Path
    log: Path

    @property
    def origin(self) -> str:
        """What browsers tell servers apart by."""
        return urllib.parse.urljoin(self.address, "/").rstrip("/")

    def url(self, path: str) -> str:
        separator = "&" if "?" in path else "?"
        return f"{self.address}/{path}{separator}token={self.token}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url(path)) as answer:
            return json.load(answer)

    def end_all(self) -> None:
        """Shut all kernels down, which end the simulations that they follow, and what is left.

        On a busy machine Jupyter kills a kernel before it could end anything.
        """
        self._end_sessions()
        with ThreadPoolExecutor(1) as outside_the_event_loop:
            outside_the_event_loop.submit(_end_local_jobs, self.state_dir).result()

    @property
    def state_dir(self) -> Path:
        """Where its kernels keep their jobs."""
        return self.log.parent / "asyncmd_state_dir"

    def _end_sessions(self) -> None:
        for session in self.get("api/sessions"):
            request = urllib.request.Request(
                f"{self.address}/api/sessions/{session['id']}",
                method="DELETE",
                headers={"Authorization": f"token {self.token}"},
            )
            urllib.request.urlopen(request).close()


def _end_local_jobs(state_dir: Path) -> None:
    office = Office(Settings.from_environment({"ASYNCMD_STATE_DIR": str(state_dir)}))
    office.end([job for job in office.unfinished() if job.launcher == LocalLauncher.name])


@contextmanager
def lab_server(base: Path, base_url: str = "") -> Iterator[LabServer]:
    """Start a server with its own folders below `base`; stop it and its kernels at the end.

    Its pages lie below `base_url`, such as ``/user/me``, as behind a hub.
    """
    port, token, folder = _free_port(), secrets.token_hex(16), base / "served"
    folder.mkdir()
    _turn_off_news(base / "jupyter_config_dir")
    address = f"http://127.0.0.1:{port}{base_url}"
    server = LabServer(address, token, folder, base / "server.log")
    with (
        server.log.open("wb") as log,
        subprocess.Popen(
            [*_command(port, token, folder), f"--ServerApp.base_url={base_url or '/'}"],
            env=_environment(base),
            stdout=log,
            stderr=log,
            cwd=base,
        ) as process,
    ):
        try:
            _wait_until_it_answers(server, process)
            yield server
        finally:
            process.terminate()


def _turn_off_news(config: Path) -> None:
    """Neither a question over the pictures nor a request to a machine elsewhere."""
    settings = {"fetchNews": "false", "checkForUpdates": False}
    overrides = config / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(json.dumps({"@jupyterlab/apputils-extension:notification": settings}))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(port: int, token: str, folder: Path) -> list[str]:
    return [
        sys.executable,
        "-P",
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]


def _environment(base: Path) -> dict[str, str]:
    private = {name: str(base / name.lower()) for name in PRIVATE_FOLDERS}
    (base / "home").mkdir()
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    # The tests' server must leave no simulation behind when it ends.
    return inherited | private | {"ASYNCMD_END_JOBS_ON_SHUTDOWN": "1"}


def _wait_until_it_answers(server: LabServer, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            server.get("api/status")
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{server.log.read_text()}")
