"""Execute a notebook in the terminal and say what its runs came to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncmd_jupyter.files.writing import write_text

RUN_MIME = "application/vnd.asyncmd.run+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
TITLE_WIDTH = 58
_DEATHS = "it was interrupted, crashed or ran out of memory"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Execution:
    """What came out of executing a notebook.

    Attributes
    ----------
    notebook, html : Path
        The executed notebook and a page of it that needs no server and no internet.
    runs : tuple of dict
        What each finished run published of itself, in the order of the notebook.
    seconds : float
        Wall time of all cells together.
    error : str or None
        Which cell failed and why.
    """

    notebook: Path
    html: Path
    seconds: float
    runs: tuple[Mapping[str, Any], ...] = field(default=())
    error: str | None = None


def execute(path: Path, say: Say) -> Execution:
    """Execute the notebook at `path` in place; a failing cell ends the execution.

    Whatever was executed is written, also after an error or an interrupt.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    progress = _Progress(notebook, say)
    error = None
    try:
        _client(notebook, path.parent, progress).execute(env=_kernel_environment())
    except CellExecutionError as failure:
        error = f"{progress.cell} failed.\n{failure.ename}: {failure.evalue}".rstrip(": ")
    except DeadKernelError:
        error = f"{progress.cell} failed.\nIts Python process ended: {_DEATHS}."
    finally:
        progress.end()
        _drop_state_of_nothing(notebook)
        _write(path, nbformat.writes(notebook))
        _sign(notebook)
        html = _write(path.with_suffix(".html"), _as_html(notebook, path.stem))
    return Execution(path, html, progress.seconds, tuple(published_runs(notebook)), error)


def _client(notebook: Any, folder: Path, progress: _Progress) -> Any:
    from nbclient import NotebookClient

    return NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # The kernel's own warnings are for administrators of shared machines.
        extra_arguments=["--log-level=ERROR"],
        on_cell_execute=progress.cell_started,
        on_cell_executed=progress.cell_ended,
    )


def _kernel_environment() -> dict[str, str]:
    """Nobody can look at the jobs of a notebook that has ended: they end with it."""
    return {"ASYNCMD_END_JOBS_ON_SHUTDOWN": "1", **os.environ}


class _Progress:
    """One line for each cell: what it is about, then the time that it took."""

    def __init__(self, notebook: Any, say: Say) -> None:
        self._titles = dict(_titles(notebook.cells))
        self._say = say
        self._begun = self._cell_begun = time.monotonic()
        self._in_cell = False
        self.cell = "No cell"
        self.seconds = 0.0

    def cell_started(self, cell: Any, cell_index: int) -> None:
        number, title = list(self._titles).index(cell_index) + 1, self._titles[cell_index]
        self.cell = f"Cell {number} of {len(self._titles)} ({title})"
        self._say(f"[{number:2}/{len(self._titles)}] {title:<{TITLE_WIDTH}} ")
        self._cell_begun, self._in_cell = time.monotonic(), True

    def cell_ended(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        failed = execute_reply["content"]["status"] == "error"
        self._say("failed\n" if failed else f"{time.monotonic() - self._cell_begun:6.1f} s\n")
        self._in_cell = False

    def end(self) -> None:
        self.seconds = time.monotonic() - self._begun
        if self._in_cell:
            self._say("\n")


def _titles(cells: Iterable[Any]) -> Iterator[tuple[int, str]]:
    """Index and title of each cell with code: its comment or magic, else the heading above."""
    heading = ""
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            heading = next(_hash_lines(cell.source), heading)
        elif cell.cell_type == "code" and cell.source.strip():
            first_line = cell.source.strip().splitlines()[0]
            default = first_line if first_line.startswith("%") else heading or first_line
            title = next(_hash_lines(first_line), default)
            yield index, _shortened(title)


def _hash_lines(source: str) -> Iterator[str]:
    """What the lines that begin with ``#`` say: headings of Markdown, comments of Python."""
    lines = (line.strip() for line in source.splitlines())
    return (line.lstrip("# ") for line in lines if line.startswith("#"))


def _shortened(title: str) -> str:
    return title if len(title) <= TITLE_WIDTH else title[: TITLE_WIDTH - 1] + "…"


def published_runs(notebook: Any) -> Iterator[Mapping[str, Any]]:
    """What runs published of themselves in a notebook's outputs, the last word of each."""
    runs: dict[str, Mapping[str, Any]] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            run = output.get("data", {}).get(RUN_MIME)
            if isinstance(run, Mapping):
                runs[str(run.get("run"))] = run
    return iter(runs.values())


def describe_run(run: Mapping[str, Any]) -> str:
    """What happened in a run, in a few lines for the terminal.

    Parameters
    ----------
    run : mapping
        Published under `RUN_MIME`: ``run``, ``state``, ``wall_seconds`` and for each
        of the ``walkers`` its ``walker``, ``state``, ``reached``, ``time_ps``, ``n_frames``.
    """
    walkers = run.get("walkers", ())
    end = f"Run {run.get('run')}: {run.get('state')}, {run.get('wall_seconds', 0):.1f} s"
    return "\n".join([end, *(_describe_walker(walker) for walker in walkers)])


def _describe_walker(walker: Mapping[str, Any]) -> str:
    reached = " and ".join(walker.get("reached", ()))
    end = f"reached {reached}" if reached else str(walker.get("state"))
    time_ps, n_frames = walker.get("time_ps", 0), walker.get("n_frames", 0)
    return f"  walker {walker.get('walker')}: {end} after {time_ps:.4g} ps, {n_frames} frames"


def _sign(notebook: Any) -> None:
    """Trust the outputs, made by our own code here, so that JupyterLab shows all of them."""
    from nbformat.sign import NotebookNotary

    with suppress(OSError):
        NotebookNotary().sign(notebook)


def _as_html(notebook: Any, title: str) -> str:
    """A page without scripts from elsewhere: a widget is replaced by its still image."""
    from nbconvert import HTMLExporter

    still = _without_widgets(notebook)
    exporter = HTMLExporter(raw_template=_OFFLINE_TEMPLATE, template_file="")
    page, _ = exporter.from_notebook_node(still, resources={"metadata": {"name": title}})
    return str(page)


_OFFLINE_TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
"""


def _without_widgets(notebook: Any) -> Any:
    import copy

    still = copy.deepcopy(notebook)
    still.metadata.pop("widgets", None)
    for cell in still.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET_MIME, None)
    return still


def _drop_state_of_nothing(notebook: Any) -> None:
    """Leave out the state of widgets where no output shows one."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    if not any(WIDGET_MIME in output.get("data", {}) for output in outputs):
        notebook.metadata.pop("widgets", None)


def _write(path: Path, text: str) -> Path:
    write_text(path, text)
    return path
