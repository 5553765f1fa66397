"""One server for all tests, and kernels that share its store."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from job_helpers import Kernel, processes_of
from server_client import QUICK, running_server

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.cli import cancel_jobs
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.settings import Settings


@pytest.fixture(scope="session")
def one_server(tmp_path_factory):
    """Its queue is a script that shows no jobs and leaves a line with each call."""
    base = tmp_path_factory.mktemp("server")
    squeue = base / "bin" / "squeue"
    squeue.parent.mkdir()
    squeue.write_text(f"#!/bin/bash\necho called >>{base}/squeue.calls\n")
    squeue.chmod(0o755)
    path = {"PATH": f"{squeue.parent}:/usr/bin:/bin"}
    options = (*QUICK, "--AsyncMDServer.queue_interval=0.1")
    with running_server(base, *options, variables=path) as server:
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
