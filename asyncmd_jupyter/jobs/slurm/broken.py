"""Which nodes fail under jobs, so that later jobs avoid them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from asyncmd_jupyter.jobs.model import JobState, Status
from asyncmd_jupyter.jobs.slurm.states import NODE_CAUSES
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)


class NodeRecords:
    """Counts failures of nodes; a command that fails is never a node's fault.

    Parameters
    ----------
    settings : callable
        Gives the settings in force.
    """

    def __init__(self, settings: Callable[[], SlurmSettings]) -> None:
        self._settings = settings
        self._failures: Counter[str] = Counter()
        self._successes: Counter[str] = Counter()
        self._reported: set[str] = set()

    def count(self, status: Status) -> None:
        """Take the end of a job into account."""
        if status.cause in NODE_CAUSES:
            self._failures.update(status.nodes)
        elif status.state is JobState.DONE:
            self._successes.update(status.nodes)
        for node in set(self.broken()) - self._reported:
            self._reported.add(node)
            logger.warning(
                "The node %s failed under %d jobs; new jobs avoid it.", node, self._failures[node]
            )

    def broken(self) -> list[str]:
        """Nodes that failed too often."""
        return sorted(filter(self._is_broken, self._failures))

    def excluded(self) -> list[str]:
        """Nodes that no job shall use, those that the user has named too."""
        return sorted({*self._settings().exclude_nodes, *self.broken()})

    def _is_broken(self, node: str) -> bool:
        settings = self._settings()
        failures = self._failures[node]
        enough = failures >= settings.num_fails_for_broken_node
        return enough and self._successes[node] < settings.success_to_fail_ratio * failures
