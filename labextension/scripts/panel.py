"""Builds the panel for JupyterLab, or says in one line why not and what can be done.

A user's checkout stays as it is but for ``labextension/dist`` (less than 1 MB): the packages that
the build needs (about 250 MB) lie in a folder that is removed, and so does their cache. Whoever
works on the panel has them in ``labextension/node_modules``, where editable installs put them.

==================================== ====================================================
environment variable
==================================== ====================================================
``ASYNCMD_NO_PANEL=1``               install without the panel
``ASYNCMD_KEEP_NODE_MODULES=1``      build in the checkout, and leave the packages there
``HATCH_JUPYTER_BUILDER_SKIP_NPM=1`` take ``labextension/dist`` as it is
==================================== ====================================================
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

TARGET = "share/jupyter/labextensions/asyncmd-jupyter"
_MADE = shutil.ignore_patterns("node_modules", "lib", "dist", ".yarn", "*.tsbuildinfo")
_STEPS = {
    ("jlpm", "install"): "needs packages from the npm registry, and did not get them",
    ("jlpm", "run", "build:prod"): "failed",
}


def provide(root: Path, *, is_editable: bool = False) -> dict[str, str]:
    """Make sure that the panel is built.

    Parameters
    ----------
    root : Path
        Of the checkout, or of what a source distribution holds.
    is_editable : bool
        Whether somebody works on it.

    Returns
    -------
    dict
        From files in the checkout to where they are installed; empty without the panel.

    Raises
    ------
    SystemExit
        It can't be built; says why in one line.
    """
    panel = root / "labextension"
    if _is_set("ASYNCMD_NO_PANEL"):
        sys.stderr.write("asyncmd-jupyter is built without its panel in JupyterLab.\n")
        return {}
    is_given = _has_bundle(root) or _is_set("HATCH_JUPYTER_BUILDER_SKIP_NPM")
    if not is_given:
        stays = is_editable or _is_set("ASYNCMD_KEEP_NODE_MODULES")
        if stays or (panel / "node_modules").is_dir():
            _build(panel, os.environ)
        else:
            _build_aside(root)
    return {
        "labextension/dist": TARGET,
        "labextension/install.json": f"{TARGET}/install.json",
    }


def _is_set(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def _has_bundle(root: Path) -> bool:
    """Whether it came with the sources, as in a source distribution."""
    return (root / "PKG-INFO").is_file() and (root / "labextension/dist/package.json").is_file()


def _build_aside(root: Path) -> None:
    panel = root / "labextension"
    with _folder_beside(root) as folder:
        copy = folder / "labextension"
        shutil.copytree(panel, copy, ignore=_MADE)
        shutil.copytree(root / "notebooks", folder / "notebooks")
        _build(copy, {"YARN_GLOBAL_FOLDER": str(folder / "cache"), **os.environ})
        shutil.rmtree(panel / "dist", ignore_errors=True)
        shutil.move(copy / "dist", panel / "dist")


@contextmanager
def _folder_beside(root: Path) -> Iterator[Path]:
    """A folder that is removed; on the disk of the checkout, as others may forbid programs."""
    build = root / "build"
    build.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="panel-", dir=build) as folder:
            yield Path(folder)
    finally:
        with suppress(OSError):  # others have something there
            build.rmdir()


def _build(folder: Path, variables: Mapping[str, str]) -> None:
    with tempfile.TemporaryFile() as said:
        for step, why in _STEPS.items():
            try:
                subprocess.run(
                    step, cwd=folder, env=variables, check=True, stdout=said, stderr=said
                )
            except FileNotFoundError:
                _give_up(f"there is no {step[0]}, which the package jupyter-builder brings")
            except subprocess.CalledProcessError:
                said.seek(0)
                _give_up(f"{' '.join(step)!r} {why} (log: {_kept(said.read())})")


def _kept(log: bytes) -> str:
    with tempfile.NamedTemporaryFile(prefix="asyncmd-panel-", suffix=".log", delete=False) as file:
        file.write(log)
    return file.name


def _give_up(why: str) -> NoReturn:
    sys.exit(
        f"asyncmd-jupyter: its panel in JupyterLab could not be built: {why}. Install a wheel, "
        "which has the panel in it ('pip wheel --no-deps .' makes one where the registry can be "
        "reached), or install without the panel: ASYNCMD_NO_PANEL=1 pip install ."
    )
