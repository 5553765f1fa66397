"""A notebook's other half, as far as widgets need one: comms that keep what is sent."""

import comm
import pytest
from comm.base_comm import BaseComm, CommManager

from asyncmd_jupyter import runtime
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
