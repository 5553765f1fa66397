"""The fixtures of the cluster."""

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
