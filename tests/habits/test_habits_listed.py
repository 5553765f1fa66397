"""Whatever we use of other projects that they do not promise is listed, and each entry is true."""

import ast
import re
from pathlib import Path

import asyncmd_jupyter

PACKAGE = Path(asyncmd_jupyter.__file__).parent
TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "dependencies.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| library"))
]
# Documented in spite of their names, or of use to type checkers only.
PROMISED = {"_exit", "_fields", "_getframe", "_replace", "_SubParsersAction"}


def trees():
    return [(path, ast.parse(path.read_text())) for path in PACKAGE.rglob("*.py")]


def own_names():
    """What classes and modules of ours call their own."""
    found = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found.add(name)
                case ast.Attribute(attr=name, ctx=ast.Store(), value=ast.Name(id="self" | "made")):
                    found.add(name)
                case ast.Name(id=name, ctx=ast.Store()):
                    found.add(name)
    return found


def private_names():
    """Names with an underscore that are none of ours, and modules that nobody shall import."""
    own = own_names()
    for path, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=name) if re.match("_[a-zA-Z]", name):
                    if name not in own | PROMISED:
                        yield name, path
                case ast.ImportFrom(module=str(module), names=aliases):
                    names = [*module.split("."), *(alias.name for alias in aliases)]
                    is_private = any(re.match("_[a-z]|internal$", name) for name in names)
                    if is_private and not module.startswith("asyncmd_jupyter"):
                        yield module, path


def test_private_names_of_others_are_listed():
    missing = {
        f"{name} in {path.relative_to(PACKAGE)}"
        for name, path in private_names()
        if not re.search(rf"\b{re.escape(name)}\b", PAGE)
    }
    assert not missing, "Use a public name, or add a row to docs/dependencies.md and its test."


def test_each_row_names_a_file_and_a_test_that_are_there():
    assert len(ROWS) > 20
    for _, _, files, test in ROWS:
        for file in re.findall("`(.*?)`", files):
            assert (PACKAGE / file).exists() or (TESTS.parent / file).exists(), file
        path, _, name = re.fullmatch("`(.*)`", test)[1].partition("::")
        assert re.search(rf"^(async )?def {name}\(", (TESTS / path).read_text(), re.M), test


def test_each_test_of_a_habit_has_a_row():
    names = {
        name
        for path in TESTS.rglob("test_*habits*.py")
        if path != Path(__file__)
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.M)
    }
    assert names
    assert {name for name in names if f"::{name}`" not in PAGE} == set()
