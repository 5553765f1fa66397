"""What the README shows does what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

README = Path(__file__).parents[1] / "README.md"


def scripts() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def check(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(r"shot\.(trr|xtc) .*: reached (alphaR|C7eq)", done.stdout)
    return done.stdout


def with_engine(script: str, engine: str) -> str:
    openmm = re.search(r"^ {4}engine = OpenMMEngine.*?^ {4}\)\n", script, re.DOTALL | re.MULTILINE)
    assert openmm is not None
    return script.replace(openmm[0], indent(engine, "    "))


def test_the_script_runs_and_says_the_same_when_it_runs_again(tmp_path: Path):
    script = scripts()[0]
    assert check(script, tmp_path) == check(script, tmp_path)


def test_a_state_is_what_it_is_in_the_quickstart():
    notebook = json.loads((README.parent / "notebooks" / "quickstart.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    for name in ("alphaR", "C7eq"):
        [defined] = re.findall(rf"^{name} = .*$", scripts()[0], re.MULTILINE)
        assert any(defined in cell for cell in cells)


@pytest.mark.parametrize("end", ["", "loop.close()\n"])
def test_the_script_runs_in_a_loop_of_its_own(tmp_path: Path, end: str):
    loop = "loop = asyncio.new_event_loop()\nloop.run_until_complete(main())\n"
    script = scripts()[0].replace("asyncio.run(main())\n", loop + end)
    assert "run_until_complete" in script
    check(script, tmp_path)


@pytest.mark.gromacs
def test_the_script_runs_with_gromacs(tmp_path: Path):
    script, gromacs, _ = scripts()
    check(with_engine(script, gromacs), tmp_path)


def test_the_settings_are_those_there_are():
    from asyncmd_jupyter import settings

    code = Path(settings.__file__).read_text("utf-8")
    assert set(re.findall(r"`(ASYNCMD_\w+)`", README.read_text("utf-8"))) == set(
        re.findall(r'"(ASYNCMD_\w+)"', code)
    )
