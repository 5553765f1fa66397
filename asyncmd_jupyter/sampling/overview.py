"""The limits and caches in force, to be looked at."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from asyncmd_jupyter.jobs.slurm.nodes import compact_nodes
from asyncmd_jupyter.settings import MOST_CORES, Settings, SlurmSettings

_EXECUTABLES = ("sbatch", "squeue", "scancel", "sacct", "sinfo", "scontrol")
_WIDTH = 100


@dataclass(frozen=True, repr=False)
class Overview:
    """What ``config.show_config()`` shows. Has all attributes of the settings too.

    Attributes
    ----------
    settings : Settings
    cache_type : str
    h5py_caches : tuple of str
        Registered HDF5 files, that for new values first.
    core_hours : str
        What the jobs in Slurm have used.
    problem : str
        What could not be read, and the way out.
    names : mapping
        What -> how it is changed where that is not by a function, as in a magic.
    """

    settings: Settings
    cache_type: str
    h5py_caches: tuple[str, ...]
    core_hours: str = ""
    problem: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.settings, name)

    def rows(self) -> list[tuple[str, str, str]]:
        """What, how much, and how it is changed."""
        return [(what, value, self.names.get(what, how)) for what, value, how in self._rows()]

    def _rows(self) -> list[tuple[str, str, str]]:
        limits = self.settings
        files = f"{limits.max_files_open}, {limits.files_margin} of them left to other code"
        ended = "end" if limits.end_local_jobs_on_shutdown else "go on"
        pause = limits.slurm.min_time_between_calls
        most = limits.most_cores
        cores = f"{limits.max_cores}{f', at most {most} ({MOST_CORES})' if most else ''}"
        grace = f"{limits.cancel_grace.total_seconds():g} s"
        return [
            ("CPU cores of local jobs", cores, "set_max_cores"),
            ("functions and conversions at once", str(limits.max_processes), "set_max_process"),
            ("open files", files, "set_max_files_open"),
            ("cache of values", self.cache_type, "set_trajectory_cache_type"),
            ("HDF5 caches", "; ".join(self.h5py_caches) or "none", "register_h5py_cache"),
            ("local jobs at shutdown", ended, "end_jobs_on_shutdown"),
            ("from SIGTERM to SIGKILL", grace, "ASYNCMD_CANCEL_GRACE"),
            ("jobs in Slurm's queue", _limit(limits.slurm.max_jobs), "set_slurm_max_jobs"),
            ("between two looks at it", f"{pause:g} s at least", "set_slurm_settings"),
            (
                "sbatch in a minute",
                _limit(limits.slurm.max_submissions_per_minute),
                "set_slurm_settings",
            ),
            (
                "alike jobs as one array",
                "yes" if limits.slurm.job_arrays else "no",
                "set_slurm_settings",
            ),
            *_slurm_rows(limits.slurm),
            ("core hours", self.core_hours.removeprefix("Slurm: "), "set_slurm_settings"),
            (
                "parts in a row without a step",
                str(limits.max_fruitless_parts),
                "set_max_fruitless_parts",
            ),
            ("records of provenance", "on" if limits.provenance else "off", "set_provenance"),
            (
                "ended jobs are kept",
                f"{limits.keep_ended_jobs.days} days",
                "ASYNCMD_KEEP_JOBS_DAYS",
            ),
            (
                "folders of jobs that ended well",
                "removed" if limits.remove_good_folders else "kept",
                "ASYNCMD_REMOVE_GOOD_FOLDERS",
            ),
            ("job store", str(limits.state_dir), "ASYNCMD_STATE_DIR"),
        ]

    def __repr__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"{what:<{widths[0]}}  {value:<{widths[1]}}  {how}" for what, value, how in rows]
        return "\n".join([*lines, *([""] if self.problem else []), *wrap(self.problem, _WIDTH)])

    def _repr_html_(self) -> str:
        style = "text-align:left"
        cells = (
            f"<tr><th style='{style}'>{html.escape(what)}</th>"
            f"<td style='{style}'>{html.escape(value)}</td>"
            f"<td style='{style}'><code>{html.escape(how)}</code></td></tr>"
            for what, value, how in self.rows()
        )
        note = f"<p role='alert'>{html.escape(self.problem)}</p>" if self.problem else ""
        return f"<table><caption>asyncmd_jupyter.config</caption>{''.join(cells)}</table>{note}"


def _slurm_rows(slurm: SlurmSettings) -> list[tuple[str, str, str]]:
    """Which nodes, and what differs from what most people have."""
    broken = (
        f"after {slurm.num_fails_for_broken_node} failures, unless"
        f" {slurm.success_to_fail_ratio} times more jobs ended well"
    )
    rows = {"nodes not used": compact_nodes(slurm.exclude_nodes) or "none", "broken nodes": broken}
    if slurm.cluster:
        rows["cluster"] = slurm.cluster
    for name in _EXECUTABLES:
        program = getattr(slurm, f"{name}_executable")
        if program != name:
            rows[name] = program
    return [(what, value, "set_slurm_settings") for what, value in rows.items()]


def _limit(number: int | None) -> str:
    return "no limit" if number is None else str(number)
