"""``%asyncmd`` in real ``ipython`` processes, where no event loop goes on between cells."""

import os
import subprocess
import sys

import pytest

SETUP = """\
%load_ext asyncmd_jupyter
from asyncmd_jupyter.testing import ToyEngine
engine = ToyEngine(nstout=10, seed=1)
late = lambda trajectory: trajectory.frame_table().steps >= 100
"""
EMBED = "import IPython; IPython.embed(simple_prompt=True, banner1='')"
NOTHING_THERE = "There is nothing to bring back"
NO_LOOP = "%asyncmd needs a running event loop to start runs"


@pytest.fixture
def typed(tmp_path):
    """Type lines at a prompt; gives what is written."""

    def run(*lines, argv=("-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit")):
        environment = {
            **os.environ,
            "ASYNCMD_STATE_DIR": str(tmp_path / "state"),
            "IPYTHONDIR": str(tmp_path / "ipython"),
        }
        return subprocess.run(
            [sys.executable, *argv],
            input="\n".join([*lines, ""]),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("switch", ["", "%autoawait off\n"])
def test_what_takes_time_is_done_at_once(typed, switch):
    done = typed(
        f"%load_ext asyncmd_jupyter\n{switch}%asyncmd attach",
        "%asyncmd wait nothing",
        "def f():\n    %asyncmd attach\n\nf()",
        "%time %asyncmd attach",
    )
    assert done.stdout.count(NOTHING_THERE) == 3
    assert "UsageError: There is no run called 'nothing'." in done.stdout + done.stderr
    assert (
        done.stdout.count("No jobs in this kernel.") == 3
    )  # a terminal is not shown the same again
    assert "never awaited" not in done.stderr
    assert "SyntaxError" not in done.stdout


def test_runs_do_not_start_where_nothing_would_follow_them(typed):
    done = typed(
        SETUP,
        "start = await engine.apply_constraints(None, 'start.trr')",
        "%asyncmd propagate engine --until late --name a",
        "%asyncmd propagate engine --from start --frame 0 --until late --name a",
        "%autoawait off",
        "%asyncmd propagate engine --until late --name a",
    )
    assert (done.stdout + done.stderr).count(NO_LOOP) == 3
    assert "destroyed" not in done.stderr


def test_a_program_that_runs_lines_sees_that_they_failed(typed):
    lines = "%load_ext asyncmd_jupyter\n%asyncmd wait nothing\n"
    done = typed(argv=("-m", "IPython", "-c", lines))
    assert done.returncode == 1
    assert "UsageError: There is no run called 'nothing'." in done.stderr + done.stdout


def test_an_embedded_prompt(typed):
    done = typed(
        *SETUP.splitlines(),
        "%asyncmd attach",
        "%asyncmd wait nothing",
        "%asyncmd propagate engine --until late --name a",
        argv=("-c", EMBED),
    )
    assert NOTHING_THERE in done.stdout
    assert "UsageError: There is no run called 'nothing'." in done.stdout + done.stderr
    assert NO_LOOP in done.stdout + done.stderr
