"""Settings of Slurm in the shape in which scripts of old expect them: as attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.slurm.configuring import changed_slurm_settings
from asyncmd_jupyter.jobs.slurm.states import NODE_CAUSES

_FIELDS = {"min_time_between_sacct_calls": "min_time_between_calls"}


class Setting:
    """An attribute, of a class too, that reads and changes the setting of the same name.

    To be assigned on a class, it has to be on the metaclass as well.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        value = getattr(runtime.current().settings.slurm, _FIELDS.get(self._name, self._name))
        return list(value) if isinstance(value, tuple) else value

    def __set__(self, instance: object, value: Any) -> None:
        is_none = value is None and self._name == "exclude_nodes"
        _change({self._name: () if is_none else value})


class _MediatorClass(type):
    sinfo_executable = Setting()
    sacct_executable = Setting()
    min_time_between_sacct_calls = Setting()
    num_fails_for_broken_node = Setting()
    success_to_fail_ratio = Setting()
    exclude_nodes = Setting()


class SlurmClusterMediator(metaclass=_MediatorClass):
    """What is known of the cluster, and how it is asked.

    All of them show the same: reading gives the settings in force, and assigning changes
    them for all jobs, as ``config.set_slurm_settings`` does.

    Parameters
    ----------
    sinfo_executable, sacct_executable, min_time_between_sacct_calls
    num_fails_for_broken_node, success_to_fail_ratio, exclude_nodes
        Changed at once if given.

    Attributes
    ----------
    sinfo_executable, sacct_executable : str
        Names or paths of Slurm's commands.
    min_time_between_sacct_calls : float
        Seconds between two looks at the queue, at least.
    num_fails_for_broken_node : int
        A node that failed under so many jobs is avoided ...
    success_to_fail_ratio : int
        ... unless this many times more jobs ended well on it.
    exclude_nodes : list of str
        Nodes that no job shall use.

    Raises
    ------
    ValueError
        For a value that can't be meant; nothing is changed then.
    """

    sinfo_executable = Setting()
    sacct_executable = Setting()
    min_time_between_sacct_calls = Setting()
    num_fails_for_broken_node = Setting()
    success_to_fail_ratio = Setting()
    exclude_nodes = Setting()

    def __init__(
        self,
        *,
        sinfo_executable: str | None = None,
        sacct_executable: str | None = None,
        min_time_between_sacct_calls: float | None = None,
        num_fails_for_broken_node: int | None = None,
        success_to_fail_ratio: int | None = None,
        exclude_nodes: Sequence[str] | None = None,
    ) -> None:
        given = {
            "sinfo_executable": sinfo_executable,
            "sacct_executable": sacct_executable,
            "min_time_between_sacct_calls": min_time_between_sacct_calls,
            "num_fails_for_broken_node": num_fails_for_broken_node,
            "success_to_fail_ratio": success_to_fail_ratio,
            "exclude_nodes": exclude_nodes,
        }
        _change({name: value for name, value in given.items() if value is not None})

    @property
    def broken_nodes(self) -> list[str]:
        """Nodes that failed too often under jobs of this kernel, so that new jobs avoid them."""
        return _broken()

    @property
    def excluded_nodes(self) -> list[str]:
        """All nodes that no new job uses: the broken ones and those of `exclude_nodes`."""
        return sorted({*self.exclude_nodes, *_broken()})

    def __repr__(self) -> str:
        return f"<SlurmClusterMediator: {len(self.broken_nodes)} broken nodes>"


class MediatorAttribute:
    """The mediator as an attribute; as all of them are alike, any one may be assigned."""

    def __get__(self, instance: object, owner: type | None = None) -> SlurmClusterMediator:
        return SlurmClusterMediator()

    def __set__(self, instance: object, value: SlurmClusterMediator) -> None:
        if not isinstance(value, SlurmClusterMediator):
            raise TypeError(f"slurm_cluster_mediator={value!r} is no SlurmClusterMediator.")


def _change(given: Mapping[str, Any]) -> None:
    if given:
        slurm = runtime.current().settings.slurm
        runtime.current().change_settings(slurm=changed_slurm_settings(slurm, given))


def _broken() -> list[str]:
    """Judged as the launcher does, by what is on record."""
    settings = runtime.current().settings.slurm
    failures: Counter[str] = Counter()
    successes: Counter[str] = Counter()
    for record in JobManager.current().records():
        if record.cause in NODE_CAUSES:
            failures.update(record.nodes)
        elif record.state is JobState.DONE and record.launcher == "slurm":
            successes.update(record.nodes)
    return sorted(
        node
        for node, number in failures.items()
        if number >= settings.num_fails_for_broken_node
        and successes[node] < settings.success_to_fail_ratio * number
    )
