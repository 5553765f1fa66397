"""Tab in %asyncmd lines and cells."""

import asyncio

import pytest
from IPython.core.completer import CompletionContext

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.completion import complete_asyncmd
from asyncmd_jupyter.jupyter.registry import commands
from asyncmd_jupyter.jupyter.values import _files
from asyncmd_jupyter.sampling.runs import Runs


def complete(text):
    lines = text.split("\n")
    context = CompletionContext(
        token=lines[-1].split(" ")[-1],
        full_text=text,
        cursor_position=len(lines[-1]),
        cursor_line=len(lines) - 1,
        limit=None,
    )
    return [found.text for found in complete_asyncmd(context)["completions"]]


@pytest.fixture
async def known(notebook, tmp_path):
    """A notebook with runs, a campaign, a trajectory and files."""
    await notebook.run("%asyncmd propagate engine --steps 20 --name short --campaign scan")
    await notebook.run("%asyncmd wait short -o path")
    await notebook.run("%asyncmd propagate engine --until never --name going --campaign scan")
    while not (tmp_path / "going" / "going.run.json").exists():  # what can be attached
        await asyncio.sleep(0.01)
    (tmp_path / "job.sh").touch()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "gpu.sh").touch()
    return notebook


async def test_what_follows_what(known):
    expected = {
        "%asyncmd ho": ["hold"],
        "%asyncmd propagate engine --launcher ": ["local", "slurm"],
        "%asyncmd propagate engine --launcher slurm --sbatch part": ["partition="],
        "%asyncmd propagate engine --sbatch partition=a excl": ["exclusive"],
        "%asyncmd propagate engine --velocities i": ["inverted"],
        "%asyncmd propagate engine --from pa": ["path"],
        "%asyncmd propagate engine --from jo": ["job.sh"],
        "%asyncmd propagate engine --sbatch-script scripts/g": ["scripts/gpu.sh"],
        "%asyncmd propagate engine --workdir scr": ["scripts/"],
        "%asyncmd propagate engine --until hit=l": ["hit=late"],
        "%asyncmd propagate engine --campaign s": ["scan"],
        "%asyncmd propagate engine --name x --until late --du": [],
        "%asyncmd propagate engine --name x --until late --dr": ["--dry-run"],
        "%asyncmd propagate --n 3 e": ["engine"],
        "%asyncmd extract pa": ["path"],
        "%asyncmd extract path --velocities ": ["keep", "new", "inverted"],
        "%asyncmd show go": ["going"],
        "%asyncmd show going s": ["short", "scan"],
        "%asyncmd wait scan --o": ["--output"],
        "%asyncmd wait -o ": [],
        "%asyncmd view pa": ["path"],
        "%asyncmd attach --only sh": ["short"],
        "%asyncmd attach --only short going": ["going"],
        "%asyncmd config max_c": ["max_cores="],
        "%asyncmd help resu": ["resume"],
        "%asyncmd nonsense ": [],
        "%%asyncmd prop": ["propagate"],
    }
    found = {text: complete(text) for text in expected}
    assert found == expected


async def test_the_plane_of_a_plot_takes_what_conditions_compare(known):
    assert complete("%asyncmd plot --plane ") == []
    await known.run(
        "from asyncmd_jupyter.sampling.states import Within\n"
        "def phi(trajectory):\n    return trajectory.frame_table().times\n"
        "def psi(trajectory):\n    return -trajectory.frame_table().times\n"
        "far = Within(phi, 1e6) & Within(psi, 1e6) & Within(phi, 2e6)"
    )
    await known.run("%asyncmd propagate engine --until far --name fates")
    assert complete("%asyncmd plot fates --plane ") == ["phi", "psi"]
    assert complete("%asyncmd plot fates --plane phi ") == ["psi"]
    assert complete("%asyncmd plot fates --plane phi p") == ["psi"]


async def test_jobs_that_go_on_are_proposed(known):
    [job_id] = [r.id for r in JobManager.current().records() if not r.state.is_final] or [None]
    assert job_id is None or complete(f"%asyncmd tail {job_id[:4]}") == [job_id]


async def test_in_the_body_of_a_cell(known):
    head = "%%asyncmd propagate engine --campaign scan\n"
    assert complete(f"{head}--unt") == ["--until"]
    assert complete(f"{head}--name a \\\n  --until la") == ["late"]
    assert complete(f"{head}--name a --from pa") == ["path"]
    assert complete(f"{head}pro") == ["propagate"]
    assert complete("%%asyncmd\npropagate en") == ["engine"]
    # Python is completed by others.
    assert complete(f"{head}x = la") == []
    assert complete("%%timeit\n--unt") == []


class Unwilling:
    """Something that can't be asked about."""

    def __getattribute__(self, name):
        raise RuntimeError(name)


async def test_it_never_raises(known):
    known.shell.push({"unwilling": Unwilling()})
    for text in ("%asyncmd propagate ", "%asyncmd propagate engine --until ", "%asyncmd view x[ "):
        assert isinstance(complete(text), list)


async def test_many_runs_and_jobs_are_not_asked_one_by_one(known, tmp_path):
    """What is looked at is a name each: no snapshot, nothing of the store."""
    runs, going = Runs.current(), Runs.current().get("going")

    class Named:
        spec = going.spec
        done = True

        def __init__(self, name):
            self.id = name

    for number in range(1000):
        runs.add(Named(f"many{number}"))
    try:
        found = complete("%asyncmd show many")
        assert len(found) == 500
    finally:
        for number in range(1000):
            runs._runs.pop(f"many{number}")


def test_every_metavar_of_a_name_has_a_source():
    from asyncmd_jupyter.jupyter.values import _SOURCES

    plain = {"N", "K", "PS", "KIND", "NAME", "VAR", "HOURS_PER_PART", "LAUNCHER", "X", "Y"}
    used = {
        kind
        for command in commands()
        for action in command.parser()._actions
        for metavar in (
            [action.metavar] if isinstance(action.metavar, str) else action.metavar or ()
        )
        for kind in ([metavar] if metavar in _SOURCES else metavar.split("|"))
    }
    assert used - plain <= set(_SOURCES)


def _metavars(action):
    return [action.metavar] if isinstance(action.metavar, str) else action.metavar or ()


def test_files_that_ipython_would_evaluate_are_not_proposed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "start.gro",
        "{1}.gro",
        "$s.gro",
        "s`id`.gro",
        "s'.gro",
        "s\x1b[2J.gro",
        "s\n.gro",
    ):
        (tmp_path / name).touch()
    assert _files({}, "") == ["start.gro"]
