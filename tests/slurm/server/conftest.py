"""A Jupyter server that talks to the cluster of the tests."""

from __future__ import annotations

import os

import pytest
from job_helpers import Kernel
from server_client import QUICK, running_server
from slurm.launcher.launching import quick_settings

from asyncmd_jupyter.jobs.cli import cancel_jobs

QUICK_QUEUE = (
    *QUICK,
    "--AsyncMDServer.queue_interval=0.3",
    "--AsyncMDServer.history_interval=0.6",
    "--AsyncMDServer.command_seconds=4",
)


@pytest.fixture(scope="module")
def one_server(running_cluster, tmp_path_factory):
    base, variables = tmp_path_factory.mktemp("server"), running_cluster.environment
    with running_server(base, *QUICK_QUEUE, variables=variables) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def server(one_server, cluster, monkeypatch):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(one_server.state))
    yield one_server
    cancel_jobs(None)


@pytest.fixture
def kernel(server):
    kernel = Kernel(quick_settings(server.state))
    yield kernel
    kernel.close()


@pytest.fixture
def work(server, request):
    folder = server.root / request.node.name
    folder.mkdir()
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.slurm)
