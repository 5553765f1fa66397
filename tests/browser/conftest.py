"""Chromium, a real server and a page of JupyterLab for each test."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from lab import ARTIFACTS, Lab
from playwright.sync_api import Browser, sync_playwright
from server import LabServer, lab_server

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
]
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with lab_server(tmp_path_factory.mktemp("lab")) as running:
        yield running


# Not longer than a module: Playwright keeps an event loop running in this thread, and
# no asynchronous test could run beside it.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=QUIET + root
        )
        yield browser
        browser.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, chromium: Browser, server: LabServer) -> Iterator[Lab]:
    """JupyterLab opened in a folder of the test's own."""
    ARTIFACTS.mkdir(exist_ok=True)
    name = re.sub(r"\W+", "-", request.node.name)
    with chromium.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(120_000)
        lab = Lab(context.new_page(), server, name)
        lab.open()
        yield lab
        if request.node.stash.get(FAILED, False):
            lab.screenshot(f"failed-{name}")
    server.end_sessions()  # or simulations without an end would go on beside the next tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
