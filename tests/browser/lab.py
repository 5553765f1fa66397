"""JupyterLab as a user sees it, with the few handles that a test needs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image, ImageChops
from playwright.sync_api import ConsoleMessage, Error, Locator, Page
from server import LabServer

ARTIFACTS = Path(__file__).parents[1] / "artifacts"

NOTEBOOK_READY = """async () => {
    const panel = jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""

RUN_CELL = """async index => {
    const panel = jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = index;
    panel.content.deselectAll();
    await jupyterapp.commands.execute('notebook:run-cell');
}"""

RESTART = """async () => {
    const { session } = jupyterapp.shell.currentWidget.sessionContext;
    await session.kernel.restart();
    await session.kernel.info;
}"""

ADD_CELL = """source => {
    const model = jupyterapp.shell.currentWidget.content.model.sharedModel;
    model.addCell({ cell_type: 'code', source });
    return model.cells.length - 1;
}"""

# A row may pass through a state between two looks of a test: the page itself keeps them.
KEEP_JOB_STATES = """() => {
    window.jobStates = {};
    const look = () => {
        for (const row of document.querySelectorAll('tr[data-job]')) {
            const states = (window.jobStates[row.dataset.job] ??= []);
            if (states.at(-1) !== row.dataset.state) {
                states.push(row.dataset.state);
            }
        }
    };
    new MutationObserver(look).observe(document.body, {
        attributes: true, attributeFilter: ['data-state'], childList: true, subtree: true
    });
}"""

CELLS = "() => jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.toJSON())"


class Lab:
    """One page with JupyterLab, a folder of its own and what the console said."""

    def __init__(self, page: Page, server: LabServer, folder: str) -> None:
        self.page = page
        self.server = server
        self.folder = server.folder / folder
        self.folder.mkdir()
        self.errors: list[str] = []
        page.on("console", self._keep_error)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _keep_error(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def open(self) -> None:
        """Open JupyterLab with the file browser in this page's folder."""
        name = self.folder.name
        self.go_to(f"lab/workspaces/{name}/tree/{name}")
        self.wait_for_file_browser()
        self.go_light()

    def go_to(self, path: str) -> None:
        """Open a page of JupyterLab or Notebook 7."""
        self.page.goto(self.server.url(path))
        self.wait_for_app()

    def wait_for_file_browser(self) -> None:
        """Wait until the file browser shows this page's folder."""
        self.page.locator(".jp-BreadCrumbs").filter(has_text=self.folder.name).wait_for()

    def reload(self) -> None:
        self.page.reload()
        self.wait_for_app()

    def wait_for_app(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.evaluate("() => jupyterapp.restored")

    def choose_in_palette(self, label: str) -> None:
        """Run a command as a user does: open the palette, type, press Enter."""
        self.page.keyboard.press("Control+Shift+c")
        palette = self.page.locator(".lm-CommandPalette:visible")
        palette.locator("input").fill(label)
        palette.locator(".lm-CommandPalette-item").filter(has_text=label).first.click()

    def execute(self, command: str, **arguments: Any) -> None:
        """Run a command by its id and wait for its end."""
        script = "async ([id, args]) => { await jupyterapp.commands.execute(id, args); }"
        self.page.evaluate(script, [command, arguments])

    def wait_for_notebook(self, path: str) -> None:
        """Wait until the notebook at `path` is in front and its kernel answers."""
        self.page.wait_for_function(
            "path => jupyterapp.shell.currentWidget?.context?.path === path", arg=path
        )
        self.page.evaluate(NOTEBOOK_READY)

    def open_cells(self, name: str, *sources: str) -> None:
        """Write a notebook with these cells into this page's folder, and open it."""
        self.write_cells(name, *sources)
        self.open_notebook(name)

    def write_cells(self, name: str, *sources: str) -> None:
        """Write a notebook with these cells into this page's folder."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        self.write_notebook(name, nbformat.v4.new_notebook(cells=cells, metadata=metadata))

    def write_notebook(self, name: str, notebook: Any) -> None:
        """Write a notebook into this page's folder."""
        nbformat.write(notebook, self.folder / name)

    def open_notebook(self, name: str) -> None:
        """Open a notebook of this page's folder, with a kernel that answers."""
        path = f"{self.folder.name}/{name}"
        self.execute("docmanager:open", path=path, factory="Notebook", kernel={"name": "python3"})
        self.wait_for_notebook(path)

    def save(self) -> None:
        """Save the notebook in front."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")

    def restart_kernel(self) -> None:
        """Restart the kernel of the notebook in front, and wait until it answers."""
        self.page.evaluate(RESTART)

    def go_dark(self) -> None:
        """Choose the dark theme."""
        self._choose_theme("JupyterLab Dark", "false")

    def go_light(self) -> None:
        """Choose the light theme: the server remembers what an earlier test has chosen."""
        self._choose_theme("JupyterLab Light", "true")

    def _choose_theme(self, theme: str, is_light: str) -> None:
        shown = self.page.locator(f"body[data-jp-theme-light='{is_light}']")
        if not shown.count():
            self.execute("apputils:change-theme", theme=theme)
        shown.wait_for(state="attached")

    def cells(self) -> list[dict[str, Any]]:
        """The cells of the notebook in front, with their outputs so far."""
        return list(self.page.evaluate(CELLS))

    def run_cell(self, index: int) -> dict[str, Any]:
        """Run one cell, wait for its end and return it; an error in it is ours."""
        self.page.evaluate(RUN_CELL, index)
        cell = self.cells()[index]
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                raise AssertionError(f"Cell {index}: {output['ename']}: {output['evalue']}")
        return cell

    def run_all_cells(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Run the cells with code one after the other, and hand out each as it ends."""
        for index, cell in enumerate(self.cells()):
            if cell["cell_type"] == "code":
                yield index, self.run_cell(index)

    def add_cell(self, source: str) -> int:
        """Put a cell with code at the end of the notebook and return its index."""
        return int(self.page.evaluate(ADD_CELL, source))

    def keep_job_states(self) -> None:
        """From now on remember every state that a row of a job table shows."""
        self.page.evaluate(KEEP_JOB_STATES)

    def job_states(self) -> dict[str, list[str]]:
        """The states that each job's row went through, in order."""
        return dict(self.page.evaluate("() => window.jobStates"))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Look until a condition holds; the time limit of the test ends a vain wait."""
        while not condition():
            self.page.wait_for_timeout(100)

    def cell(self, index: int) -> Locator:
        """The cell on the page, scrolled into view."""
        self.page.evaluate(
            "index => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')", index
        )
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{index}']")

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page among the artefacts."""
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def errors_about(self, pattern: str) -> list[str]:
        """What the console said that matches a pattern."""
        return [error for error in self.errors if re.search(pattern, error)]


def picture(locator: Locator) -> Image.Image:
    """What a part of the page looks like now."""
    while True:
        try:
            return Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
        except Error as error:  # a live view may replace the element in this very moment
            if not re.search("not attached|not visible", error.message):
                raise


def ink(image: Image.Image) -> float:
    """Fraction of pixels that are not of the most frequent colour."""
    n_pixels = image.width * image.height
    colours = image.getcolors(n_pixels) or []
    return 1 - max(count for count, _ in colours) / n_pixels


def changed(before: Image.Image, after: Image.Image) -> float:
    """Fraction of pixels that differ visibly between two pictures; 1 for other sizes."""
    if before.size != after.size:
        return 1.0
    difference = ImageChops.difference(before, after).convert("L")
    seen = sum(difference.histogram()[16:])
    return seen / (before.width * before.height)
