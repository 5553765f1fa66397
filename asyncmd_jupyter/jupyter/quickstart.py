"""A fresh copy of the packaged quickstart notebook, and JupyterLab opened on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from itertools import count
from pathlib import Path

from asyncmd_jupyter.files.writing import create

NAME = "quickstart"


def notebook_text() -> str:
    """The packaged notebook; in an editable install the one of the checkout."""
    packaged = resources.files("asyncmd_jupyter") / "notebooks" / f"{NAME}.ipynb"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[2] / "notebooks" / f"{NAME}.ipynb"
    return checkout.read_text(encoding="utf-8")


def fresh_copy(folder: Path) -> Path:
    """Write the notebook into a folder without one, and return its path.

    What the notebook writes lies beside it and may replace what an earlier copy wrote:
    so where there is one already, ``folder-1``, ``folder-2`` … are tried.

    Raises
    ------
    NotADirectoryError
        When `folder` is a file.
    PermissionError
        When nothing can be written there.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; choose a folder with --dir.")
    text = notebook_text()
    for path in _candidates(folder.resolve()):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with create(path) as file:
                file.write(text.encode())
        except FileExistsError:
            continue
        return path
    raise AssertionError("the names never end")


def _candidates(folder: Path) -> Iterator[Path]:
    """Notebooks whose report, the HTML file of the same name, is missing too."""
    for number in count():
        beside = folder.with_name(f"{folder.name}-{number}") if number else folder
        path = beside / f"{NAME}.ipynb"
        if not path.with_suffix(".html").exists():
            yield path


def lab_command(
    notebook: Path, *, browser: bool = True, port: int | None = None, root: bool = False
) -> list[str]:
    """The command that opens a notebook in the JupyterLab of this environment."""
    # -P: a checkout in the working folder must not shadow the installed package.
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--ServerApp.root_dir={notebook.parent}"]
    # Not as the file to open: the address printed without a browser would not name it.
    command.append(f"--LabApp.default_url=/lab/tree/{notebook.name}")
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command.append(f"--port={port}")
    if root:
        command.append("--allow-root")
    return command


def own_kernel_first(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which the kernel ``python3`` is the one of this Python.

    Without it a kernel that the user once installed under that name for another
    Python may come first, and the notebook would not find this package.
    """
    own = str(Path(sys.prefix) / "share" / "jupyter")
    others = environ.get("JUPYTER_PATH")
    return {**environ, "JUPYTER_PATH": f"{own}{os.pathsep}{others}" if others else own}
