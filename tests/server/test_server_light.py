"""The server's process stays light."""

import json
import subprocess
import sys

HEAVY = (
    *("numpy", "MDAnalysis", "IPython", "ipykernel", "ipywidgets", "anywidget", "nglview"),
    *("matplotlib", "openmm", "h5py", "pandas", "scipy", "asyncmd_jupyter.sampling"),
    *("asyncmd_jupyter.frames", "asyncmd_jupyter.engines", "asyncmd_jupyter.triage"),
)
LOOK = f"""
import asyncio, json, sys
import asyncmd_jupyter
(point,) = asyncmd_jupyter._jupyter_server_extension_points()
from asyncmd_jupyter.jupyter.server.desk import Desk
from asyncmd_jupyter.jupyter.server.handlers import handlers
from asyncmd_jupyter.jupyter.server.options import Options
from asyncmd_jupyter.jupyter.server.triage import Triage
from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.settings import Settings

async def look():
    desk = Desk(Options(), "/tmp")
    handlers(desk)
    await desk.poll.board(others=False)
    await desk.do("cancel", ["aaaaaaaa"])
    try:
        await Triage(Settings.from_environment().state_dir).diagnose("aaaaaaaa")
    except JobError as error:
        assert "no job" in str(error), error

asyncio.run(look())
print(json.dumps([point["app"].__name__, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


def test_nothing_heavy_is_imported_by_loading_looking_and_acting():
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOOK], check=True, text=True, stdout=subprocess.PIPE
    ).stdout
    assert json.loads(answer) == ["AsyncMDServer", []]
