"""New velocities by magics and by the restart form have the masses and constraints of engines."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import heavy_hydrogens
import numpy as np
import pytest
from heavy_hydrogens import N_DRAWS, openmm_engine, problems, temperatures

from asyncmd_jupyter.errors import DrawnVelocitiesWarning
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jupyter.widgets.restart_form import RestartForm, ShownPlace
from asyncmd_jupyter.trajectory import Trajectory

# The structure file of heavy hydrogens lets masses be guessed wrong, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:In structure_file")


@pytest.fixture
async def heavy(notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The notebook with the path of a run that an engine with heavy hydrogens made.

    Fewer than where temperatures are tested: 5 % are seen, and wrong masses are 50 % and more.
    """
    monkeypatch.setattr(heavy_hydrogens, "N_MOLECULES", 1500)
    notebook.shell.user_ns["heavy"] = openmm_engine(tmp_path)
    await notebook.run("%asyncmd propagate heavy --steps 1 --velocities new --name first -o first")
    await notebook.run("%asyncmd wait first -o path")
    return notebook


def starts_of(run):
    return [read_frame(start, 0) for start in run.spec.starts]


@pytest.mark.parametrize(
    "line",
    [
        "propagate heavy --from path --frame -1 --velocities new --steps 1",
        "propagate heavy --from path --velocities new --steps 1",
        "restart first --velocities new",
    ],
)
async def test_walkers_begin_with_the_temperature_of_the_engine(heavy, line: str):
    await heavy.run(f"%asyncmd {line} --n {N_DRAWS} --name again -o run")
    await heavy["run"].cancel()
    assert problems(starts_of(heavy["run"]), 300) == []


async def test_the_form_hands_over_what_the_engine_knows(heavy):
    run = heavy["first"]
    shown = SimpleNamespace(
        label="walker 0",
        run=run,
        spec=run.spec,
        extractable=lambda frame: nullcontext((heavy["path"], frame)),
    )
    form = RestartForm(lambda: ShownPlace(shown, 1), lambda coroutine: coroutine.close())
    form._open()
    form._velocities.value, form._n.value = "new", N_DRAWS
    form._temperature.value, form._name.value = 350.0, "again"
    made = await form._restarted(form._here())
    await made.cancel()
    assert problems(starts_of(made), 350) == []


async def test_extract_takes_what_the_engine_knows(heavy, tmp_path: Path):
    line = "%asyncmd extract path --frame 0 1 --to x.trr --velocities new --engine heavy -o drawn"
    await heavy.run(line)
    frames = [read_frame(one, 0) for one in heavy["drawn"]]
    # Guessed masses are off by 50 % and more.
    kelvin = temperatures([frame.velocities for frame in frames]).values()
    assert all(200 < one < 400 for one in kelvin)
    assert not [one for one in problems(frames, 300) if "K instead of" not in one]
    await heavy.run(f"{line} --temperature 1200 --overwrite")
    hot = [read_frame(one, 0).velocities for one in heavy["drawn"]]
    assert all(1000 < one < 1400 for one in temperatures(hot).values())


async def test_extract_without_an_engine_says_that_it_guesses(heavy):
    with pytest.warns(UserWarning, match=r"heavy\.pdb are guessed.*C as 12\.011; H1, H2 as 1"):
        await heavy.run(
            "%asyncmd extract path --frame 0 --to x.trr --velocities new --temperature 300"
        )


async def test_what_belongs_to_new_velocities_is_said(heavy):
    for line, said in (
        ("--engine heavy", "--engine is for --velocities new"),
        ("--temperature 3", "--temperature is for --velocities new"),
        ("--velocities new", "needs --engine, or --temperature"),
    ):
        assert said in await heavy.error(f"%asyncmd extract path --to x.trr {line}")


async def test_new_ones_need_no_start(notebook):
    await notebook.run("%asyncmd propagate engine --steps 20 --velocities new --n 3 --name a -o a")
    assert notebook["a"].spec.velocities == "new"
    await notebook.run("%asyncmd wait a -o ways")
    drawn = {read_frame(one, 0).velocities.tobytes() for one in notebook["ways"]}
    assert len(drawn) == 3
    said = await notebook.run(
        "%asyncmd propagate engine --steps 20 --velocities new --name b --dry-run"
    )
    assert "velocities: new ones for each walker" in said
    assert "--velocities needs --from" in await notebook.error(
        "%asyncmd propagate engine --steps 20 --velocities inverted --name c"
    )


@pytest.mark.parametrize("frame", ["", "--frame 0"])
async def test_what_a_start_lacks_is_said_once(notebook, tmp_path: Path, frame: str):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first -o path")
    path = notebook["path"]
    with (tmp_path / "still.trr").open("wb") as file:
        positions = read_frame(path, 0).positions
        write_trr_frame(file, TrrFrame(0, 0.0, np.zeros((3, 3)), positions))
    notebook.shell.user_ns["still"] = Trajectory(tmp_path / "still.trr", path.structure_file)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", DrawnVelocitiesWarning)
        await notebook.run(
            f"%asyncmd propagate engine --from still {frame} --steps 20 --n 3 --name b -o b"
        )
        await notebook["b"]
    (one,) = said
    assert one.category is DrawnVelocitiesWarning
    assert "still.trr" in str(one.message)


@pytest.mark.parametrize("frame", ["", "--frame 0", "--frame 0 --velocities keep"])
async def test_the_first_frame_is_the_same_start_as_the_trajectory(notebook, frame: str):
    await notebook.run("%asyncmd propagate engine --steps 20 --name first")
    await notebook.run("%asyncmd wait first -o path")
    await notebook.run(f"%asyncmd propagate engine --from path {frame} --steps 20 --name b -o b")
    first, begun = (read_frame(one, 0) for one in (notebook["path"], await notebook["b"]))
    assert np.array_equal(first.velocities, begun.velocities)
    assert np.array_equal(first.positions, begun.positions)


WITHOUT_NOISE = """
from asyncmd_jupyter.testing import ToyEngine
calm = ToyEngine(nstout=10, friction=0.0, seed=1)
"""


@pytest.mark.filterwarnings("ignore::asyncmd_jupyter.errors.EqualWalkersWarning")
@pytest.mark.parametrize(
    "line",
    [
        "propagate calm --from path --steps 20",
        "propagate calm --from path --frame 1 --steps 20",
        "restart first --frame 1",
    ],
)
async def test_equal_walkers_are_told_apart(notebook, line: str):
    """That it is said is tested where no threads of views take warnings away from each other."""
    await notebook.run(WITHOUT_NOISE)
    await notebook.run("%asyncmd propagate calm --steps 20 --velocities new --name first")
    await notebook.run("%asyncmd wait first -o path")
    await notebook.run(f"%asyncmd {line} --n 2 --name b -o b")
    one, other = (read_frame(made, 1).positions for made in await notebook["b"])
    assert not np.array_equal(one, other)
    await notebook.run(f"%asyncmd {line} --velocities keep --n 2 --name c -o c")
    one, other = (read_frame(made, 1).positions for made in await notebook["c"])
    assert np.array_equal(one, other)


async def test_a_dry_run_says_it_too(notebook):
    await notebook.run(WITHOUT_NOISE)
    await notebook.run("%asyncmd propagate calm --steps 20 --velocities new --name first")
    await notebook.run("%asyncmd wait first -o path")
    for frame in ("", "--frame 1"):
        line = f"%asyncmd propagate calm --from path {frame} --steps 20 --n 2 --name b --dry-run"
        assert "each walker gets new velocities at 300 K" in await notebook.run(line)
        said = await notebook.run(f"{line} --velocities new")
        assert "velocities: new ones for each walker at 300 K" in said
