"""Limits and caches of this process."""

from __future__ import annotations

from asyncmd_jupyter import runtime
from asyncmd_jupyter.settings import Settings, allowed_cores

__all__ = ["end_jobs_on_shutdown", "set_max_cores", "set_max_process", "show_config"]


def set_max_process(num: int | None = None, max_num: int | None = None) -> None:
    """Limit the Python functions and conversions that run at the same time.

    Parameters
    ----------
    num : int, optional
        A quarter of the cores if not given, at least 1.
    max_num : int, optional
        Upper limit of it.

    Raises
    ------
    ValueError
        For a number below 1.
    """
    number = max(1, allowed_cores() // 4) if num is None else _count("num", num)
    if max_num is not None:
        number = min(number, _count("max_num", max_num))
    runtime.current().change_settings(max_processes=number)


def set_max_cores(num: int | None = None) -> None:
    """Limit the CPU cores that local jobs use together; all of the machine's if not given.

    Raises
    ------
    ValueError
        For a number below 1.
    """
    cores = allowed_cores() if num is None else _count("num", num)
    runtime.current().change_settings(max_cores=cores)


def end_jobs_on_shutdown(end: bool = True) -> None:
    """Say whether local jobs end when this kernel is shut down or restarted.

    Without it they go on and can be taken back. A kernel that is killed never ends them.
    """
    runtime.current().change_settings(end_local_jobs_on_shutdown=bool(end))


def show_config() -> Settings:
    """Return the settings in force."""
    return runtime.current().settings


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{name}={value!r} has to be a whole number of at least 1.")
    return int(value)
