"""What magics, views and the server rely on in IPython, the widgets, nglview and Jupyter."""

import inspect
import json
import re
from pathlib import Path

import ipywidgets
import nbformat
from IPython.core.completer import CompletionContext, IPCompleter
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from jupyter_server.base.handlers import APIHandler
from reliance import relies_on
from traitlets.config import Config

from asyncmd_jupyter.jupyter.awaiting import await_magics
from asyncmd_jupyter.jupyter.caller import _frames, _outer_magic, is_within_a_cell
from asyncmd_jupyter.jupyter.headless import _as_html
from asyncmd_jupyter.jupyter.widgets.nglview_shim import (
    VERSION_MODULE,
    installed_front_end,
    load_nglview,
)


def shell_without_history():
    return InteractiveShell(config=Config(HistoryManager={"enabled": False}))


def test_ipython_makes_calls_of_magics():
    cells = ["%asyncmd wait x\n", "a = %asyncmd wait x\n", "%%asyncmd\nwait\n"]
    made = [TransformerManager().transform_cell(cell) for cell in cells]
    relies_on(
        "IPython turns magics into calls of run_line_magic and run_cell_magic with texts",
        "run_line_magic('asyncmd', 'wait x')" in made[0]
        and "run_line_magic('asyncmd', 'wait x')" in made[1]
        and "run_cell_magic('asyncmd', " in made[2]
        and all("await" in "".join(await_magics([text])) for text in made[:2]),
        "jupyter/awaiting.py",
    )


def test_ipython_takes_transformers_matchers_and_configurables():
    shell = shell_without_history()
    lists = [
        shell.input_transformers_cleanup,
        shell.input_transformers_post,
        shell.configurables,
        IPCompleter(shell=shell).custom_matchers,
    ]
    relies_on(
        "IPython takes input transformers, matchers and configurables in lists, hidden names of "
        "the user in user_ns_hidden and magics in magics_manager.magics",
        all(type(each) is list for each in lists)
        and isinstance(shell.user_ns_hidden, dict)
        and {"line", "cell"} <= set(shell.magics_manager.magics)
        and shell.extension_manager.loaded is not None,
        "jupyter/magics.py",
    )


def test_ipython_runs_cells_and_magics_in_frames_that_we_know():
    seen = []

    def look(line):
        seen.append((is_within_a_cell(), _outer_magic(_frames())))

    shell = shell_without_history()
    shell.register_magic_function(look, magic_name="look")
    shell.run_cell("%look")
    relies_on(
        "IPython executes cells within InteractiveShell.run_code and magics within run_line_magic "
        "and run_cell_magic, whose variable magic_name says which",
        seen == [(True, "%look")],
        "jupyter/caller.py",
    )


def test_ipykernel_reads_the_last_traceback():
    from ipykernel import ipkernel

    relies_on(
        "ipykernel answers a cell that failed with _last_traceback of the shell",
        "shell._last_traceback" in inspect.getsource(ipkernel),
        "jupyter/magics.py",
    )


def test_ipython_tells_matchers_the_whole_text():
    names = set(CompletionContext.__dataclass_fields__)
    relies_on(
        "IPython tells a matcher full_text and cursor_line",
        {"full_text", "cursor_line"} <= names and hasattr(CompletionContext, "text_until_cursor"),
        "jupyter/completion.py",
    )


def test_ipykernel_lets_display_hooks_drop_messages():
    from ipykernel.kernelbase import Kernel
    from ipykernel.zmqshell import ZMQDisplayPublisher

    relies_on(
        "ipykernel has register_hook on what publishes outputs and get_parent on the kernel",
        hasattr(ZMQDisplayPublisher, "register_hook") and hasattr(Kernel, "get_parent"),
        "jupyter/widgets/nglview_shim.py",
    )


def test_ipywidgets_hand_messages_to_handle_msg():
    heard = []

    class Widget(ipywidgets.DOMWidget):
        def _handle_msg(self, msg):
            heard.append(msg)

    class Comm:
        comm_id = "habit"

        def on_msg(self, callback):
            self.callback = callback

        def close(self):
            """For the widget, which leaves the list of all widgets when it is closed."""

    widget = Widget(comm=Comm())
    widget.comm.callback({"content": {"data": {}}})
    widget.close()
    relies_on(
        "ipywidgets hand each message of the page to _handle_msg, and `comm` is a trait of theirs",
        len(heard) == 1 and "comm" in widget.traits(),
        "jupyter/widgets/page_widget.py",
    )


def test_comms_hand_messages_to_handle_msg():
    from comm.base_comm import BaseComm
    from ipykernel.comm import Comm

    relies_on(
        "a comm is told of messages by its method handle_msg",
        hasattr(Comm, "handle_msg") and hasattr(BaseComm, "handle_msg"),
        "jupyter/widgets/page_widget.py",
    )


# What MoleculeWidget reads, and what it puts something of ours in the place of.
OF_NGLVIEW = [
    *("_camera_orientation", "_ngl_full_stage_parameters", "_ngl_repr_dict", "_remote_call"),
    *("_get_remote_call_msg", "_ngl_msg_archive", "_create_player", "_initialize_threads"),
    *("_handle_nglview_custom_msg", "_handle_request_repr_dict", "_handle_remove_component"),
    *("_update_background_color", "n_components", "loaded", "set_coordinates"),
]
MADE_BY_NGLVIEW = ["_iplayer", "_ibtn_fullscreen", "_widget_image", "stage"]


def test_nglview_has_the_parts_that_we_replace():
    nglview = load_nglview()
    source = Path(nglview.widget.__file__).read_text()
    missing = [name for name in OF_NGLVIEW if not hasattr(nglview.NGLWidget, name)]
    missing += [name for name in MADE_BY_NGLVIEW if f"self.{name} =" not in source]
    relies_on(
        f"NGLWidget of nglview has {', '.join(missing)}",
        not missing,
        "jupyter/widgets/ngl_stage.py",
    )


def test_nglview_reads_the_version_of_its_front_end_from_a_module():
    nglview = load_nglview()
    widget_module = Path(nglview.widget.__file__).read_text()
    relies_on(
        "nglview asks for the front end that __frontend_version__ of nglview._frontend names, "
        "and is installed as labextensions/nglview-js-widgets",
        VERSION_MODULE == "nglview._frontend"
        and "__frontend_version__" in widget_module
        and installed_front_end() is not None
        and nglview.NGLWidget._view_module_version.default_value == installed_front_end(),
        "jupyter/widgets/nglview_shim.py",
    )


def test_nbconvert_names_the_blocks_that_load_scripts():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("$x$")])
    page = _as_html(notebook, "habit")
    relies_on(
        "the template 'lab' of nbconvert loads scripts from elsewhere only in its blocks "
        "html_head_js_requirejs and html_head_js_mathjax",
        not re.search(r"<script[^>]* src=|<link[^>]* href=", page),
        "jupyter/headless.py",
    )


def test_jupyter_server_tracks_activity_by_a_name():
    relies_on(
        "handlers of jupyter_server count as activity unless _track_activity is False",
        APIHandler._track_activity is True,
        "jupyter/server/handlers.py",
    )


def test_jupyterlab_has_what_the_pages_read():
    """Of the installed front end: what ours reads there is not in any list of its interfaces."""
    from jupyterlab.commands import get_app_dir

    static = Path(get_app_dir()) / "static"
    texts = [path.read_text("utf-8") for path in static.glob("*.js")]
    assert texts, static
    wanted = {"data-jp-theme-light", "data-lm-suppress-shortcuts", "cellId"}
    found = {name for name in wanted if any(name in text for text in texts)}
    data = json.loads((static / "package.json").read_text())
    relies_on(
        f"JupyterLab {data['jupyterlab']['version']} uses {', '.join(sorted(wanted - found))}",
        found == wanted,
        "jupyter/widgets/page.js",
    )
