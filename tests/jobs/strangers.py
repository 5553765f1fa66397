"""What a member of a shared project can do to the folders of another one."""

import os
import shutil
from pathlib import Path

import pytest

STRANGER = 4321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


def give_away(*paths):
    for path in paths:
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


def swap(folder):
    """Put an own folder of jobs, with an own one for each job, in the place of the user's."""
    real = folder.rename(folder.with_name("moved"))
    folder.mkdir()
    for job in real.iterdir():
        (folder / job.name).mkdir()
        give_away(folder / job.name)
    give_away(folder)
    return real


def plant(path, text):
    path.write_text(text)
    path.chmod(0o755)
    give_away(path)


def swapping_mv(tmp_path: Path, moved: str, *commands: str) -> str:
    """A PATH on which `mv` does more, just before it moves a file called so."""
    mv = tmp_path / "bin" / "mv"
    mv.parent.mkdir()
    lines = ["#!/bin/bash", f'case "$*" in *{moved}*)', *commands, ";; esac"]
    mv.write_text("\n".join([*lines, f'exec {shutil.which("mv")} "$@"\n']))
    mv.chmod(0o700)
    return f"{mv.parent}:{os.environ['PATH']}"
