import json
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest

import asyncmd_jupyter

CHECKOUT = Path(__file__).parents[2]
DATA = f"asyncmd_jupyter-{asyncmd_jupyter.__version__}.data/data"
LABEXTENSION = f"{DATA}/share/jupyter/labextensions/asyncmd-jupyter"


def test_wheel_has_the_bundle_once_and_the_notebook(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        package = json.loads(archive.read(f"{LABEXTENSION}/package.json"))

    assert f"{LABEXTENSION}/install.json" in names
    assert f"{DATA}/etc/jupyter/jupyter_server_config.d/asyncmd_jupyter.json" in names
    assert f"{LABEXTENSION}/{package['jupyterlab']['_build']['load']}" in names
    assert f"{LABEXTENSION}/schemas/asyncmd-jupyter/campaigns.json" in names
    assert package["version"] == asyncmd_jupyter.__version__
    assert len([name for name in names if "remoteEntry" in name]) == 1
    assert "asyncmd_jupyter/notebooks/quickstart.ipynb" in names
    assert "asyncmd_jupyter/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if "-" not in top} == {"asyncmd_jupyter"}


@pytest.fixture
def elsewhere():
    """A folder on the disk of the checkout, so that its files can be there too."""
    build = CHECKOUT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="some where else ", dir=build) as folder:
        yield Path(folder)


def test_the_bundle_is_the_same_wherever_it_is_built(wheel, elsewhere):
    """Ids of modules must not come from the folder of the checkout."""
    copy = elsewhere / "labextension"
    shutil.copytree(CHECKOUT / "notebooks", elsewhere / "notebooks")
    subprocess.run(["cp", "-al", CHECKOUT / "labextension", copy], check=True)
    shutil.rmtree(copy / "dist")
    shutil.rmtree(copy / "lib")
    for step in (
        ("node", "scripts/take-notebook.mjs"),
        ("node", "node_modules/typescript/bin/tsc"),
        ("jupyter-builder", "build", "."),
    ):
        subprocess.run(step, cwd=copy, check=True, stdout=subprocess.PIPE)
    built = {path.name: path.read_bytes() for path in (copy / "dist" / "static").iterdir()}
    with zipfile.ZipFile(wheel) as archive:
        folder = f"{LABEXTENSION}/static/"
        names = [name for name in archive.namelist() if name.startswith(folder)]
        assert {name.removeprefix(folder): archive.read(name) for name in names} == built


def test_wheel_has_all_examples(wheel):
    package = Path(asyncmd_jupyter.__file__).parent
    there = {
        str(path.relative_to(package.parent))
        for path in (package / "examples").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    with zipfile.ZipFile(wheel) as archive:
        assert there <= set(archive.namelist())
    assert any(name.endswith(".mdp") for name in there)


def test_the_citation_names_this_version():
    citation = (CHECKOUT / "CITATION.cff").read_text()
    assert f"\nversion: {asyncmd_jupyter.__version__}\n" in citation
