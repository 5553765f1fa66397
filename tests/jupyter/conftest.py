"""A notebook's other half, as far as widgets need one: comms that keep what is sent."""

import comm
import pytest
from comm.base_comm import BaseComm, CommManager
from IPython.core.interactiveshell import InteractiveShell

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.waiting import FailedRunError
from asyncmd_jupyter.runtime import Runtime
from asyncmd_jupyter.settings import Settings


class RecordingComm(BaseComm):
    log = []

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.log.append((self.comm_id, msg_type, data, buffers))


class Wire:
    """What went from the kernel to the browser."""

    def __init__(self, log):
        self.log = log

    def custom(self, widget):
        """The custom messages of a widget, oldest first."""
        return [
            data["content"]
            for comm_id, kind, data, _ in self.log
            if comm_id == widget.comm.comm_id and kind == "comm_msg" and data["method"] == "custom"
        ]

    def press(self, widget, content):
        """Let the browser send a custom message."""
        widget._handle_custom_msg(content, [])


@pytest.fixture
def wire(monkeypatch):
    manager = CommManager()
    log = []
    monkeypatch.setattr(comm, "create_comm", lambda **keys: _recording(log, keys))
    monkeypatch.setattr(comm, "get_comm_manager", lambda: manager)
    return Wire(log)


def _recording(log, keys):
    kind = type("OneRecordingComm", (RecordingComm,), {"log": log})
    return kind(**keys)


@pytest.fixture
def here(tmp_path):
    """A runtime of the test's own."""
    settings = Settings(state_dir=tmp_path / "state", max_cores=2, max_processes=1)
    with runtime.use(Runtime(settings)) as fresh:
        yield fresh


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Files without a folder go to one that is removed."""
    monkeypatch.chdir(tmp_path)


NOTEBOOK = """
import numpy as np
from asyncmd_jupyter.testing import ToyEngine

engine = ToyEngine(nstout=10, seed=1)

def never(trajectory):
    return np.zeros(len(trajectory), dtype=bool)

def late(trajectory):
    return trajectory.frame_table().steps >= 200
"""


class ToyNotebook:
    """Cells that run in this event loop, as in a kernel."""

    def __init__(self, shell, capsys):
        self.shell = shell
        self.capsys = capsys

    def __getitem__(self, name):
        """What a name of the notebook stands for."""
        return self.shell.user_ns[name]

    async def run(self, cell):
        """Run a cell that has to work, and return what it printed."""
        self.capsys.readouterr()
        result = await self._run(cell)
        said = self.capsys.readouterr()
        assert result.success, said.err
        return said.out

    async def error(self, cell):
        """Run a cell that has to fail, and return the one line that it says."""
        self.capsys.readouterr()
        result = await self._run(cell)
        assert not result.success
        if isinstance(result.error_in_exec, FailedRunError):
            return str(result.error_in_exec)
        said = self.capsys.readouterr().err.strip()
        assert said.startswith("UsageError: "), said
        assert "\n" not in said
        return said.removeprefix("UsageError: ")

    async def _run(self, cell):
        transformed = self.shell.transform_cell(cell)
        return await self.shell.run_cell_async(cell, transformed_cell=transformed)


@pytest.fixture
async def notebook(here, tmp_path, capsys, monkeypatch):
    """A notebook with a toy engine and two conditions."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    made = ToyNotebook(shell, capsys)
    await made.run("%load_ext asyncmd_jupyter")
    await made.run(NOTEBOOK)
    yield made
    await made.run("%asyncmd cancel --all")
    await made.run("%unload_ext asyncmd_jupyter")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()
