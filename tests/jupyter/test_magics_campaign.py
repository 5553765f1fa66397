"""Cells that begin with %%asyncmd: campaigns, and conditions written in place."""

import pytest
from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.campaign import read_body
from asyncmd_jupyter.sampling.runs import Runs


def test_what_is_below_the_first_line():
    body = read_body("# nothing\n\n--name a --n 2\n  # more\n--name b \\\n   --until x\n")
    assert body.code == "# nothing\n\n" or not body.code.replace("# nothing", "").strip()
    assert body.lines == ((4, "--name a --n 2"), (6, "--name b --until x"))


def test_python_comes_before_the_runs():
    body = read_body("def f(t):\n    return -1\n\npropagate engine --name a\n-o x --name b")
    assert body.code.startswith("def f(t):")
    assert [line for _, line in body.lines] == ["propagate engine --name a", "-o x --name b"]
    assert read_body("propagate = 3\nx = propagate").lines == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n    pass", "Line 2: 'def f(:' is neither Python"),
        ("x = 1\nname a", "Line 3: 'name a' is neither Python"),
        ("--name a\nx = 1", "Line 3: 'x = 1' begins neither with an option"),
    ],
)
def test_what_is_neither_is_named_with_its_line(text, said):
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        read_body(text)


async def test_a_campaign(notebook):
    await notebook.run(
        "%%asyncmd propagate engine --until late --campaign scan -o scan\n"
        "# what a line says counts more\n"
        "--name a\n"
        "--name b --n 2 --until never --max-steps 100 -o second\n"
        "--name c --steps 50\n"
    )
    scan = notebook["scan"]
    assert [(run.id, run.spec.n_walkers, run.spec.max_steps) for run in scan] == [
        ("a", 1, None),
        ("b", 2, 100),
        ("c", 1, 50),
    ]
    assert [run.conditions for run in scan] == [("late",), ("never",), ()]
    assert {run.spec.campaign for run in scan} == {"scan"}
    assert notebook["second"] is scan[1]
    await notebook.run("%asyncmd wait scan -o results")
    assert [run.snapshot().state.value for run in scan] == ["reached", "limit", "done"]
    a, (b, _), c = notebook["results"]
    assert (a.last_step, b.last_step, c.last_step) == (200, 100, 50)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("--name a\n--name b --until nevr", "Line 3: There is nothing called 'nevr'"),
        ("--name a\n--name a", "Line 3: The name 'a' is that of line 2, too."),
        ("--name a\n--name used", "Line 3: The name 'used' is in use"),
        ("--name a\n--name b --max-steps 3", "Line 3: max_steps=3 is less than nstout=10"),
        ("--name a\n--name b --bogus", "Line 3: unrecognized arguments: --bogus"),
        ("--name a\n--n 2", "Line 3: %asyncmd propagate needs --name"),
        ("--name a\n\n--name b --from nowhere.gro", "Line 4: There is neither a file nor"),
    ],
)
async def test_either_all_start_or_none(notebook, tmp_path, lines, said):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "used.trr").touch()
    error = await notebook.error(f"%%asyncmd propagate engine --until never\n{lines}")
    assert error.startswith(said)
    assert Runs.current().all() == []
    assert not (tmp_path / "a").exists()


async def test_a_condition_written_in_place(notebook):
    await notebook.run(
        "%%asyncmd propagate engine --until soon --name first -o run\n"
        "def soon(trajectory):\n"
        "    return trajectory.frame_table().steps >= 30\n"
    )
    await notebook.run("%asyncmd wait first -o result")
    assert notebook["result"].last_step == 30
    assert notebook["run"].conditions == ("soon",)


async def test_code_and_runs_in_one_cell(notebook):
    await notebook.run(
        "%%asyncmd\n"
        "def soon(trajectory):\n"
        "    return trajectory.frame_table().steps >= 30\n"
        "\n"
        "propagate engine --until soon --name a -o a\n"
    )
    assert notebook["a"].conditions == ("soon",)


async def test_code_that_fails_starts_nothing(notebook):
    with pytest.raises(AssertionError, match="UsageError"):
        await notebook.run("%%asyncmd propagate engine --until never --name a\n1 / 0")
    assert Runs.current().all() == []


async def test_other_commands_take_no_cell(notebook):
    said = await notebook.error("%%asyncmd wait\nx = 1")
    assert said.startswith("%%asyncmd wait takes no cell, only propagate does")


async def test_values_of_the_notebook_in_lines(notebook):
    await notebook.run("number, word = 3, 'late'")
    await notebook.run(
        "%%asyncmd propagate engine -o runs\n--name a{number} --until {word} --n {number - 1}"
    )
    [run] = notebook["runs"]
    assert (run.id, run.spec.n_walkers, run.conditions) == ("a3", 2, ("late",))


async def test_help_in_a_cell_starts_nothing(notebook):
    said = await notebook.run("%%asyncmd propagate --help\n--name a --until never")
    assert said.startswith("%asyncmd propagate ENGINE")
    assert Runs.current().all() == []


async def test_a_campaign_from_frames(notebook):
    await notebook.run("%asyncmd propagate engine --steps 50 --name first")
    await notebook.run("%asyncmd wait first -o path")
    await notebook.run(
        "%%asyncmd propagate engine --from path --steps 20 -o runs\n"
        "--name a --frame -1\n"
        "--name b --frame 2 --velocities new --n 2\n"
    )
    assert [run.id for run in notebook["runs"]] == ["a", "b"]
    assert notebook["runs"][1].spec.starts[0] != notebook["runs"][1].spec.starts[1]
