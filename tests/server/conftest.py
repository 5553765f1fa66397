"""One server for all tests, and kernels that share its store."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from job_helpers import Kernel, processes_of
from server_client import running_server

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.cli import cancel_jobs
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.settings import Settings


@pytest.fixture(scope="session")
def one_server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def server(one_server, monkeypatch):
    """The server; no job is left at the end."""
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(one_server.state))
    monkeypatch.setenv("ASYNCMD_CANCEL_GRACE", "1")
    yield one_server
    cancel_jobs(None)
    store = JobStore(one_server.state)
    assert processes_of(store.find()) == set()


@pytest.fixture
def settings(server):
    return Settings(server.state, 4, 1, cancel_grace=timedelta(seconds=1))


@pytest.fixture
def kernel_runtime(settings):
    with runtimes.use(runtimes.Runtime(settings)) as runtime:
        yield runtime


@pytest.fixture
def store(settings):
    return JobStore(settings.state_dir)


@pytest.fixture
def work(server, request):
    """A work folder below the folder that the server shows."""
    folder = server.root / re.sub(r"\W+", "-", request.node.name)
    folder.mkdir()
    return folder


@pytest.fixture
def kernel(settings):
    kernels = []

    def start():
        kernels.append(Kernel(settings))
        return kernels[-1]

    yield start
    for each in kernels:
        each.close()
