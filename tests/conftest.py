"""What every test gets: state of its own, and no silent omissions in CI."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import MDAnalysis  # noqa: F401 - it logs when it is imported: not in the middle of a test
import pytest
from alone import environment_alone

from asyncmd_jupyter import runtime as runtimes

PRIVATE_FOLDERS = {
    "ASYNCMD_STATE_DIR": "state",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter-config",
    "JUPYTER_DATA_DIR": "jupyter-data",
    "JUPYTER_RUNTIME_DIR": "jupyter-runtime",
}


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """As in a terminal: what a script starts in the background ignores SIGINT, and its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_slurm_in_reach(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide what Slurm there is on the machine; the fixtures of clusters bring their own."""
    alone = environment_alone(os.environ, tmp_path_factory.mktemp("no-slurm"))
    with pytest.MonkeyPatch.context() as patch:
        for variable in os.environ.keys() - alone.keys():
            patch.delenv(variable)
        for variable in ("PATH", "SLURM_CONF"):
            patch.setenv(variable, alone[variable])
        yield


@pytest.fixture(scope="session", autouse=True)
def matplotlib_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One font cache for the whole session: making it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        patch.setenv("MPLBACKEND", "agg")
        yield


@pytest.fixture(autouse=True)
def private_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Keep what a test and its processes store away from the user and from other tests."""
    base = tmp_path_factory.mktemp("private")
    for variable, name in PRIVATE_FOLDERS.items():
        monkeypatch.setenv(variable, str(base / name))
    return base


@pytest.fixture
def runtime(private_folders: Path) -> Iterator[runtimes.Runtime]:
    """A fresh runtime in force during the test."""
    with runtimes.use(runtimes.Runtime()) as fresh:
        yield fresh


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that was left out has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    left_out = [kind for kind in ("skipped", "xfailed", "deselected") if reporter.stats.get(kind)]
    if in_ci() and left_out and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"CI=true and some tests were {' and '.join(left_out)}.", red=True)
