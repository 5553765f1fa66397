"""The settings that people change by name, through the functions of `asyncmd_jupyter.config`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from asyncmd_jupyter.jupyter.namespace import nearest
from asyncmd_jupyter.jupyter.parsers import unquoted


@dataclass(frozen=True)
class NamedSetting:
    """One of them.

    Attributes
    ----------
    name, help : str
    read : callable
        Gives the value in force.
    write : callable
        Changes it, or raises ValueError.
    """

    name: str
    help: str
    read: Callable[[], Any]
    write: Callable[[Any], None]


def settings() -> tuple[NamedSetting, ...]:
    """All of them; making the list imports nothing heavy."""
    own = (NamedSetting(name, text, _reader(name), _writer(how)) for name, how, text in _OWN)
    slurm = (_slurm_setting(name, text) for name, text in _SLURM)
    return (*own, *slurm)


def setting_named(name: str) -> NamedSetting:
    """The one of a name.

    Raises
    ------
    ValueError
        With the nearest one.
    """
    known = {setting.name: setting for setting in settings()}
    if name not in known:
        raise ValueError(f"There is no setting {name!r}.{nearest(name, known)}")
    return known[name]


def change(words: Sequence[str]) -> None:
    """Change settings as ``name=value`` says; all or none.

    Raises
    ------
    ValueError
    """
    wanted = [_read_word(word) for word in words]
    with _all_or_nothing():
        for setting, value in wanted:
            try:
                setting.write(value)
            except (ValueError, TypeError) as error:
                raise type(error)(_said_of(setting.name, str(error))) from error


def _said_of(name: str, message: str) -> str:
    """Put the setting's name where the function's argument stands."""
    argument, equals, rest = message.partition("=")
    known = {"num", "end", "record", "cache_type", name.removeprefix("slurm_")}
    return f"{name}={rest}" if equals and argument in known else f"{name}: {message}"


def _read_word(word: str) -> tuple[NamedSetting, Any]:
    name, equals, text = word.partition("=")
    setting = setting_named(name)
    if not equals:
        raise ValueError(f"Say what {name} shall be, as in {name}={setting.read()}.")
    return setting, value_of(text)


def value_of(text: str) -> Any:
    """Read a value: Python's numbers, True, False, None, lists; anything else is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "inf": float("inf")}.get(text, unquoted(text))


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    from asyncmd_jupyter import runtime

    before = runtime.current().settings
    try:
        yield
    except BaseException:
        kept = {field.name: getattr(before, field.name) for field in fields(before)}
        runtime.current().change_settings(**kept)
        raise


def _reader(name: str) -> Callable[[], Any]:
    def read() -> Any:
        from asyncmd_jupyter import runtime

        if name == "trajectory_cache_type":
            from asyncmd_jupyter.frames.cache import ValueCaches

            return ValueCaches.current().type
        return getattr(runtime.current().settings, name)

    return read


def _writer(how: str) -> Callable[[Any], None]:
    def write(value: Any) -> None:
        from asyncmd_jupyter import config

        getattr(config, how)(value)

    return write


def _slurm_setting(name: str, text: str) -> NamedSetting:
    argument = name.removeprefix("slurm_")
    field = _FIELDS.get(argument, argument)

    def read() -> Any:
        from asyncmd_jupyter import runtime

        return getattr(runtime.current().settings.slurm, field)

    def write(value: Any) -> None:
        from asyncmd_jupyter import config

        if argument == "max_jobs":
            config.set_slurm_max_jobs(value)
        else:
            change: dict[str, Any] = {argument: float("inf") if value is None else value}
            config.set_slurm_settings(**change)

    return NamedSetting(name, text, read, write)


_OWN = (
    (
        "max_cores",
        "set_max_cores",
        "CPU cores that local jobs of all your notebooks on this machine use together.",
    ),
    ("max_processes", "set_max_process", "Functions and conversions that run at the same time."),
    ("max_files_open", "set_max_files_open", "Files that this process may have open."),
    (
        "max_fruitless_parts",
        "set_max_fruitless_parts",
        "Parts in a row that may be interrupted without a step.",
    ),
    (
        "end_local_jobs_on_shutdown",
        "end_jobs_on_shutdown",
        "Whether local jobs end when the kernel is shut down.",
    ),
    (
        "provenance",
        "set_provenance",
        "Whether records of where they come from are written beside trajectories.",
    ),
    (
        "trajectory_cache_type",
        "set_trajectory_cache_type",
        "Where values of functions are kept: npz, h5py or memory.",
    ),
)
_SLURM = (
    ("slurm_max_jobs", "Jobs in Slurm's queue at the same time; None for no limit."),
    ("slurm_max_submissions_per_minute", "Calls of sbatch in any minute; None for no limit."),
    ("slurm_min_time_between_sacct_calls", "Seconds between two looks at the queue, at least."),
    ("slurm_exclude_nodes", "Nodes that no job shall use, such as n[1-3,7]."),
    ("slurm_num_fails_for_broken_node", "Failures after which a node is avoided."),
    ("slurm_success_to_fail_ratio", "How many good ends outweigh a failure of a node."),
    ("slurm_job_arrays", "Whether jobs that are alike are submitted as one array."),
    ("slurm_cluster", "Which cluster, where there are several."),
    ("slurm_sbatch_executable", "Name or path of sbatch."),
    ("slurm_squeue_executable", "Name or path of squeue."),
    ("slurm_scancel_executable", "Name or path of scancel."),
    ("slurm_sacct_executable", "Name or path of sacct."),
    ("slurm_sinfo_executable", "Name or path of sinfo."),
)
_FIELDS = {"min_time_between_sacct_calls": "min_time_between_calls"}
NAMES = (*(name for name, _, _ in _OWN), *(name for name, _ in _SLURM))
SHOWN_AS = {
    "CPU cores of local jobs": "max_cores",
    "functions and conversions at once": "max_processes",
    "open files": "max_files_open",
    "cache of values": "trajectory_cache_type",
    "HDF5 caches": "config.register_h5py_cache(…)",
    "local jobs at shutdown": "end_local_jobs_on_shutdown",
    "jobs in Slurm's queue": "slurm_max_jobs",
    "between two looks at it": "slurm_min_time_between_sacct_calls",
    "sbatch in a minute": "slurm_max_submissions_per_minute",
    "alike jobs as one array": "slurm_job_arrays",
    "nodes not used": "slurm_exclude_nodes",
    "broken nodes": "slurm_num_fails_for_broken_node, slurm_success_to_fail_ratio",
    "cluster": "slurm_cluster",
    **{name: f"slurm_{name}_executable" for name in ("sbatch", "squeue", "scancel", "sacct")},
    "sinfo": "slurm_sinfo_executable",
    "scontrol": "config.set_slurm_settings(scontrol_executable=…)",
    "core hours": "config.set_slurm_settings(core_hours=…)",
    "parts in a row without a step": "max_fruitless_parts",
    "records of provenance": "provenance",
}
