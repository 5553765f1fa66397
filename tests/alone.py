"""Keep tests away from a Slurm that happens to be in reach; those of Slurm have their own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

_COMMANDS = ("sbatch", "squeue", "scancel", "sacct", "sinfo", "scontrol", "srun", "salloc")
_DAEMONS = os.pathsep.join(["/usr/sbin", "/sbin"])
_FOREIGN = re.compile(r"(SLURM\w*|SBATCH|SRUN|SALLOC|SQUEUE|SACCT|SINFO|SCANCEL|SCONTROL)_.*")
# A file that is missing lets Slurm's commands wait for a minute, an empty one ends them at once.
_NO_CLUSTER = "# Tests have a cluster of their own, or none.\n"
_NO_SLURM = "#!/bin/sh\necho 'Tests have no Slurm here.' >&2\nexit 1\n"


def environment_alone(
    inherited: Mapping[str, str], folder: Path, daemons: str = _DAEMONS
) -> dict[str, str]:
    """An environment from which no Slurm can be reached, be it by variables, PATH or ``/etc``.

    Parameters
    ----------
    inherited : Mapping
    folder : Path
        New, for what it names.
    daemons : str
        Where Slurm's daemons are looked for beside ``PATH``.
    """
    commands, conf = folder / "commands", folder / "slurm.conf"
    commands.mkdir()
    conf.write_text(_NO_CLUSTER)
    path = inherited.get("PATH", os.defpath)
    for name in _COMMANDS:
        _put_first(commands / name, path, daemons)
    kept = {name: value for name, value in inherited.items() if not _FOREIGN.fullmatch(name)}
    return kept | {"SLURM_CONF": str(conf), "PATH": os.pathsep.join([str(commands), path])}


def _put_first(command: Path, path: str, daemons: str) -> None:
    """A command in place of others of its name: that of the daemons here obeys ``SLURM_CONF``."""
    if shutil.which(command.name, path=path) is None:
        return
    real = _beside_daemons(command.name, f"{path}{os.pathsep}{daemons}")
    if real is not None:
        command.symlink_to(real)
    else:
        command.write_text(_NO_SLURM)
        command.chmod(0o700)


def _beside_daemons(name: str, path: str) -> Path | None:
    daemon = shutil.which("slurmctld", path=path)
    if daemon is None:
        return None
    real = Path(daemon).parent.parent / "bin" / name
    return real if real.exists() else None
