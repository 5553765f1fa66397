import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from asyncmd_jupyter.jupyter import headless

RUN = {
    "run": "first",
    "state": "reached",
    "walkers": [
        {"walker": 0, "state": "reached", "reached": ["C7eq"], "time_ps": 31.2, "n_frames": 157},
        {"walker": 1, "state": "cancelled", "reached": [], "time_ps": 4, "n_frames": 20},
    ],
    "wall_seconds": 4.1,
}


def write_notebook(path: Path, *cells) -> Path:
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


@pytest.fixture
def said():
    return []


def test_executes_reports_and_leaves_notebook_and_page(tmp_path, said):
    notebook = write_notebook(
        tmp_path / "a b.ipynb",
        new_markdown_cell("# Title\n\nText"),
        new_code_cell("# Add things\nprint(1 + 1)"),
        new_code_cell(
            f"display({{{headless.RUN_MIME!r}: {RUN!r}, 'text/plain': 'run'}}, raw=True)"
        ),
        new_code_cell("import ipywidgets\nipywidgets.IntSlider()"),
        new_code_cell("import os; open('made-here', 'w').close()"),
    )
    result = headless.execute(notebook, said.append)

    assert result.error is None
    assert result.runs == (RUN,)
    assert (tmp_path / "made-here").exists()
    executed = nbformat.read(result.notebook, as_version=4)
    assert executed.cells[1].outputs[0].text == "2\n"
    page = result.html.read_text()
    assert "IntSlider" in page
    assert "<script src=" not in page
    lines = "".join(said).splitlines()
    assert [line[:7] for line in lines] == ["[ 1/4] ", "[ 2/4] ", "[ 3/4] ", "[ 4/4] "]
    assert lines[0].startswith("[ 1/4] Add things")
    assert lines[1].startswith("[ 2/4] Title")


def test_state_of_widgets_that_are_not_shown_is_left_out(tmp_path, said):
    slider = new_code_cell("import ipywidgets\nslider = ipywidgets.IntSlider()")
    notebook = write_notebook(tmp_path / "a.ipynb", slider)
    assert (
        "widgets" not in nbformat.read(headless.execute(notebook, said.append).notebook, 4).metadata
    )
    notebook = write_notebook(tmp_path / "b.ipynb", slider, new_code_cell("slider"))
    assert "widgets" in nbformat.read(headless.execute(notebook, said.append).notebook, 4).metadata


def test_a_failing_cell_is_named_and_the_rest_is_left_out(tmp_path, said):
    notebook = write_notebook(
        tmp_path / "fails.ipynb",
        new_code_cell("# Divide\n1 / 0"),
        new_code_cell("# Never run\nprint(2)"),
    )
    result = headless.execute(notebook, said.append)

    assert result.error == "Cell 1 of 2 (Divide) failed.\nZeroDivisionError: division by zero"
    assert "failed" in "".join(said)
    first, second = nbformat.read(result.notebook, as_version=4).cells
    assert first.outputs[0].ename == "ZeroDivisionError"
    assert second.outputs == []
    assert "ZeroDivisionError" in result.html.read_text()


def test_a_dead_kernel_is_an_error_of_its_cell(tmp_path, said):
    notebook = write_notebook(
        tmp_path / "dies.ipynb", new_code_cell("# Go\nimport os; os._exit(3)")
    )
    result = headless.execute(notebook, said.append)
    assert result.error.startswith("Cell 1 of 1 (Go) failed.\nIts Python process ended")


EXECUTE = """
import sys
from pathlib import Path
from asyncmd_jupyter.jupyter import headless
result = headless.execute(Path("waits.ipynb"), lambda text: print(text, end="", flush=True))
sys.exit(result.error and 1)
"""


def test_an_interrupt_leaves_what_was_done(tmp_path):
    waiting = "import time\nprint('waits', flush=True)\ntime.sleep(1000)"
    notebook = write_notebook(
        tmp_path / "waits.ipynb", new_code_cell("print(1 + 1)"), new_code_cell(waiting)
    )
    command = [sys.executable, "-c", EXECUTE]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout.readline().startswith("[ 1/2]")
        assert process.stdout.read(len("[ 2/2]")) == "[ 2/2]"
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 1
    first, _ = nbformat.read(notebook, as_version=4).cells
    assert first.outputs[0].text == "2\n"
    assert notebook.with_suffix(".html").exists()


def test_describes_every_walker():
    assert headless.describe_run(RUN).splitlines() == [
        "Run first: reached, 4.1 s",
        "  walker 0: reached C7eq after 31.2 ps, 157 frames",
        "  walker 1: cancelled after 4 ps, 20 frames",
    ]


def test_of_several_words_about_a_run_the_last_counts():
    outputs = [
        new_output("display_data", data={headless.RUN_MIME: {"run": "a", "state": state}})
        for state in ("running", "reached")
    ]
    notebook = new_notebook(cells=[new_code_cell("", outputs=outputs), new_markdown_cell("")])
    assert [run["state"] for run in headless.published_runs(notebook)] == ["reached"]
    assert json.loads(nbformat.writes(notebook))


def test_no_link_that_waits_there_is_followed(tmp_path):
    victim, page = tmp_path / "victim", tmp_path / "quickstart.html"
    victim.write_text("mine")
    for name in (".quickstart.html.part", "quickstart.html"):
        (tmp_path / name).symlink_to(victim)
    headless._write(page, "<html>")
    assert victim.read_text() == "mine"
    assert page.read_text() == "<html>"
    assert not page.is_symlink()
