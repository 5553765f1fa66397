"""Without the npm registry an installation says in one line what is missing, and leaves nothing."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).parents[2]
BUNDLE = {
    "labextension/dist": "share/jupyter/labextensions/asyncmd-jupyter",
    "labextension/install.json": "share/jupyter/labextensions/asyncmd-jupyter/install.json",
}


@pytest.fixture
def panel() -> ModuleType:
    path = CHECKOUT / "labextension" / "scripts" / "panel.py"
    spec = importlib.util.spec_from_file_location("panel", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one, whose panel needs a package from a registry that does not answer."""
    folder = tmp_path / "checkout"
    (folder / "labextension").mkdir(parents=True)
    (folder / "notebooks").mkdir()
    package = {"name": "x", "private": True, "dependencies": {"typescript": "5.5.4"}}
    (folder / "labextension" / "package.json").write_text(json.dumps(package))
    (folder / "labextension" / "yarn.lock").touch()
    for name in ("ASYNCMD_NO_PANEL", "ASYNCMD_KEEP_NODE_MODULES", "YARN_GLOBAL_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "YARN_NPM_REGISTRY_SERVER": "http://127.0.0.1:9",
        "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
        "YARN_HTTP_RETRY": "0",
        "YARN_ENABLE_IMMUTABLE_INSTALLS": "false",
        "TMPDIR": str(tmp_path),
        "HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_without_the_registry(panel, checkout):
    before = files(checkout)
    with pytest.raises(SystemExit) as ended:
        panel.provide(checkout)
    said = str(ended.value)
    assert "\n" not in said
    assert "'jlpm install' needs packages from the npm registry" in said
    assert "pip wheel --no-deps ." in said
    assert "ASYNCMD_NO_PANEL=1 pip install ." in said
    log = Path(said.partition("(log: ")[2].partition(")")[0])
    assert "127.0.0.1:9" in log.read_text()
    assert files(checkout) == before


def test_without_the_panel(panel, checkout, monkeypatch, capsys):
    before = files(checkout)
    monkeypatch.setenv("ASYNCMD_NO_PANEL", "1")
    assert panel.provide(checkout) == {}
    assert "without its panel" in capsys.readouterr().err
    assert files(checkout) == before


def test_a_source_distribution_has_the_panel(panel, checkout):
    (checkout / "PKG-INFO").touch()
    (checkout / "labextension" / "dist").mkdir()
    (checkout / "labextension" / "dist" / "package.json").touch()
    assert panel.provide(checkout) == BUNDLE


@pytest.mark.parametrize("is_editable", [False, True])
def test_packages_stay_only_with_those_who_work_on_it(panel, checkout, monkeypatch, is_editable):
    built = []

    def build(folder, variables):
        built.append((folder, "YARN_GLOBAL_FOLDER" in variables))
        for name in ("node_modules", "dist"):
            (folder / name).mkdir()

    monkeypatch.setattr(panel, "_build", build)
    assert panel.provide(checkout, is_editable=is_editable) == BUNDLE
    there = checkout / "labextension"
    [(folder, has_own_cache)] = built
    assert (folder == there, has_own_cache) == (is_editable, not is_editable)
    assert (there / "node_modules").exists() is is_editable
    assert list((there / "dist").iterdir()) == []
    assert not (checkout / "build").exists()
