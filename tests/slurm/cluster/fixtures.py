"""The cluster that all tests of a session share, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster
from .doorman import Doorman


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
    """One cluster for the session, started when the first test asks for it."""
    with Cluster.up() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def running_cluster_without_accounting() -> Iterator[Cluster]:
    with Cluster.up(accounting=False, nodes=1) as cluster:
        yield cluster


@pytest.fixture
def cluster(running_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The cluster to which this process and its children talk; whole and empty at the start."""
    yield from lend(running_cluster, monkeypatch)


@pytest.fixture
def cluster_without_accounting(
    running_cluster_without_accounting: Cluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    yield from lend(running_cluster_without_accounting, monkeypatch)


@pytest.fixture
def doorman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doorman:
    """Counts and spoils the calls of Slurm's commands by this process and its children."""
    doorman = Doorman(tmp_path / "doorman")
    monkeypatch.setenv("PATH", doorman.path)
    return doorman


def lend(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for variable, value in cluster.environment.items():
        monkeypatch.setenv(variable, value)
    log = cluster.log("slurmctld")
    begin = log.stat().st_size
    yield cluster
    with log.open() as lines:
        lines.seek(begin)
        print(f"{log.name} during this test:\n{lines.read()}")  # pytest shows it when it failed
    cluster.heal()


def mark_users_of_clusters(items: list[pytest.Item]) -> None:
    """Give the marker ``slurm`` to all tests that use one of these fixtures."""
    ours = {"running_cluster", "running_cluster_without_accounting", "doorman"}
    for item in items:
        if ours & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slurm)
