"""The extension of the Jupyter server, and how it is configured."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Integer

from asyncmd_jupyter.jupyter.server.desk import Desk
from asyncmd_jupyter.jupyter.server.handlers import handlers
from asyncmd_jupyter.jupyter.server.options import Options

_DEFAULTS = Options()


class AsyncMDServer(ExtensionApp):
    """Jobs and runs for the pages of JupyterLab, whether a kernel lives or not.

    Configured in ``jupyter_server_config.py``, such as ``c.AsyncMDServer.poll_interval = 5``.
    """

    name = "asyncmd_jupyter"
    load_other_extensions = True

    poll_interval = Float(
        _DEFAULTS.poll_interval,
        min=0.1,
        help="Seconds between two looks at the job store while a page listens.",
    ).tag(config=True)
    queue_interval = Float(
        _DEFAULTS.queue_interval, min=0.1, help="Seconds between two calls of squeue."
    ).tag(config=True)
    history_interval = Float(
        _DEFAULTS.history_interval, min=0.1, help="Seconds between two calls of sacct."
    ).tag(config=True)
    command_seconds = Float(
        _DEFAULTS.command_seconds,
        min=0.1,
        help="Seconds after which a command of Slurm is given up.",
    ).tag(config=True)
    keep_alive = Float(
        _DEFAULTS.keep_alive,
        min=0.1,
        help="Seconds after which a silent stream of events says that it lives. Less than the"
        " time after which a proxy closes silent connections.",
    ).tag(config=True)
    log_limit = Integer(
        _DEFAULTS.log_limit,
        min=1,
        max=_DEFAULTS.log_limit,
        help="Most bytes of the output of a job that are shown.",
    ).tag(config=True)
    ended_days = Float(
        _DEFAULTS.ended_days, min=0.0, help="Days for which jobs that have ended are shown."
    ).tag(config=True)
    most_jobs = Integer(
        _DEFAULTS.most_jobs,
        min=1,
        help="Most jobs of asyncmd-jupyter that are shown; those that go on come first.",
    ).tag(config=True)
    show_other_jobs = Bool(
        _DEFAULTS.show_other_jobs,
        help="Whether jobs of the user that are not of asyncmd-jupyter may be shown and changed.",
    ).tag(config=True)

    desk: Desk

    def initialize_handlers(self) -> None:
        """Add our routes to the server."""
        self.desk = Desk(self._options(), self._root())
        self.handlers.extend(handlers(self.desk))

    async def stop_extension(self) -> None:
        """End all streams, for which a server would wait."""
        await self.desk.close()

    def _options(self) -> Options:
        chosen: dict[str, Any] = {name: getattr(self, name) for name in vars(_DEFAULTS)}
        return Options(**chosen)

    def _root(self) -> str:
        """Some servers show no folder of this machine."""
        contents = getattr(self.serverapp, "contents_manager", None)
        return str(getattr(contents, "root_dir", "") or "")
