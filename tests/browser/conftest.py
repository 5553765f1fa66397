"""Chromium, a real server and a page of JupyterLab for each test."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import ARTIFACTS, Lab
from playwright.sync_api import Browser, BrowserContext, BrowserType, sync_playwright
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
def driver() -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def chromium(driver: BrowserType) -> Iterator[Browser]:
    browser = driver.launch(executable_path=shutil.which("chromium"), args=_arguments())
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Chromium keeps JupyterLab's code as it has compiled it, which takes seconds."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="module")
def window(driver: BrowserType, profile: Path) -> Iterator[BrowserContext]:
    context = driver.launch_persistent_context(
        profile,
        executable_path=shutil.which("chromium"),
        args=_arguments(),
        viewport={"width": 1400, "height": 1000},
    )
    context.set_default_timeout(120_000)
    yield context
    context.close()


def _arguments() -> list[str]:
    return [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@pytest.fixture
def lab(request: pytest.FixtureRequest, window: BrowserContext, server: LabServer) -> Iterator[Lab]:
    """JupyterLab opened in a folder of the test's own."""
    ARTIFACTS.mkdir(exist_ok=True)
    name = re.sub(r"\W+", "-", request.node.name)
    lab = Lab(window.new_page(), server, name)
    lab.open()
    yield lab
    if request.node.stash.get(FAILED, False):
        lab.screenshot(f"failed-{name}")
    _forget(window, server)
    server.end_all()  # or simulations without an end would go on beside the next tests


def _forget(window: BrowserContext, server: LabServer) -> None:
    """Let the next page know nothing of this one."""
    kinds = {"origin": server.origin, "storageTypes": "cookies,local_storage,indexeddb"}
    blank, *pages = window.pages
    for page in pages:
        page.close()
    window.new_cdp_session(blank).send("Storage.clearDataForOrigin", kinds)
    window.clear_permissions()


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
