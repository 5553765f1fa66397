"""A folder that came from somebody else: its records are shown, its code waits for trust."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from toy_states import in_a, in_b

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import UntrustedFolderError
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.run_memory import attach_runs
from asyncmd_jupyter.sampling.run_memory_pickle import write_pickle
from asyncmd_jupyter.sampling.run_memory_seal import KEY_NAME, sealed, unsealed
from asyncmd_jupyter.testing import ToyEngine


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    mine = tmp_path / "mine"
    mine.mkdir()
    monkeypatch.chdir(mine)
    return mine


@pytest.fixture
async def pickled(manager, in_folder):
    """The pickle of a run that has ended."""
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    await start_run(engine, None, until=[(None, in_a), (None, in_b)], name="run")
    return in_folder / "run" / "run.run.pkl"


class Planted:
    """Leaves a file where it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


async def attached(**options):
    """What another kernel of the same user brings back."""
    with runtimes.use(runtimes.Runtime()):
        return await attach_runs(**options)


@pytest.mark.parametrize("signature", ["none", "theirs", "mine, for other content"])
async def test_code_that_came_with_a_folder_is_not_run(pickled, tmp_path, signature):
    content = pickle.dumps({"main": Planted(tmp_path / "was_run")})
    mine = pickled.read_bytes()
    if signature == "none":
        pickled.write_bytes(content)
    elif signature == "theirs":
        pickled.write_bytes(sealed(content, pickled, tmp_path / "state of somebody else"))
    else:
        pickled.write_bytes(b"\n".join([*mine.split(b"\n", 2)[:2], content]))
    found = await attached()
    assert not (tmp_path / "was_run").exists()
    assert found.runs == ()
    (problem,) = found.problems
    assert "walkers: 1 reached" in problem, "what is plain is shown"
    assert "--trust" in problem
    assert "trust=True" in problem
    assert str(pickled.parent.parent) in problem
    await attached(trust=True)
    assert (tmp_path / "was_run").exists(), "that is what trust means"


async def test_a_copy_asks_once_and_what_was_moved_does_not(pickled, tmp_path, monkeypatch):
    shutil.copytree(tmp_path / "mine", tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    (problem,) = (await attached()).problems
    assert f"a copy of {str(pickled)!r}" in problem
    assert [run.id for run in (await attached(trust=True)).runs] == ["run"]
    assert [run.id for run in (await attached()).runs] == ["run"], "it is mine from now on"
    shutil.move(tmp_path / "mine", tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    assert [run.id for run in (await attached()).runs] == ["run"]


async def test_a_pickle_of_an_earlier_version_asks_and_can_be_taken(pickled, runtime):
    content, _ = unsealed(pickled.read_bytes(), pickled, runtime.settings.state_dir)
    pickled.write_bytes(content)
    (problem,) = (await attached()).problems
    assert "earlier versions" in problem
    assert [run.id for run in (await attached(trust=True)).runs] == ["run"]
    assert pickled.stat().st_mode & 0o777 == 0o600


def test_whatever_is_changed_or_cut_it_is_not_mine(tmp_path):
    path, state = tmp_path / "a.run.pkl", tmp_path / "state"
    whole = sealed(b"content", path, state)
    assert unsealed(whole, path, state) == (b"content", "")
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        assert unsealed(changed, path, state)[1]
        assert unsealed(whole[:place], path, state)[1]


@pytest.mark.parametrize("seal", [b"[1]", b"null", b"3", b'{"path": 1}', b"{", b""])
def test_what_is_no_seal(tmp_path, seal):
    path, state = tmp_path / "a.run.pkl", tmp_path / "state"
    begin = sealed(b"content", path, state).partition(b"\n")[0]
    assert unsealed(begin + b"\n" + seal + b"\ncontent", path, state)[1]


def test_the_key_is_known_to_this_user_only(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o775)
    state.chmod(0o775)  # as an earlier version may have made it
    sealed(b"", tmp_path / "a", state)
    key = state / KEY_NAME
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.stat().st_size == 32
    assert state.stat().st_mode & 0o022 == 0
    key.chmod(0o640)
    with pytest.raises(UntrustedFolderError, match="others can read it"):
        sealed(b"", tmp_path / "a", state)


MAKING = """
import sys
from pathlib import Path
from asyncmd_jupyter.sampling.run_memory_seal import sealed
sys.stdin.read()
sys.stdout.buffer.write(sealed(b"x", Path("/a"), Path(sys.argv[1])))
"""


def test_kernels_that_begin_together_have_one_key(tmp_path):
    command = [sys.executable, "-c", MAKING, str(tmp_path / "state")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    kernels = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for kernel in kernels:
        kernel.stdin.close()
        kernel.stdin = None
    assert len({kernel.communicate()[0] for kernel in kernels}) == 1


async def test_a_state_folder_of_somebody_else_stops_no_run(pickled, runtime, caplog, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(runtime.settings.state_dir, 12345, 12345)
    write_pickle(pickled, b"content")
    assert "trust=True" in caplog.text
    assert pickled.read_bytes() == b"content"
