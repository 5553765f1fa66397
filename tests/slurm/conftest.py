"""The fixtures of the cluster."""

import subprocess

import pytest
from slurm.cluster.fixtures import (  # noqa: F401
    cluster,
    cluster_without_accounting,
    doorman,
    mark_users_of_clusters,
    running_cluster,
    running_cluster_without_accounting,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_users_of_clusters(items)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("File systems can't be mounted here.")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
