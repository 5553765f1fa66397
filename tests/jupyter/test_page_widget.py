"""What a page tells arrives in one message, and nothing of it waits for the kernel."""

from __future__ import annotations

import json
import subprocess
import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell

from asyncmd_jupyter.jupyter.widgets.figure import HERE, FigureWidget
from asyncmd_jupyter.jupyter.widgets.jobs import JobTableWidget
from asyncmd_jupyter.jupyter.widgets.page import PageHelper
from asyncmd_jupyter.jupyter.widgets.simulations import SimulationWidget

WIDGETS = (FigureWidget, JobTableWidget, PageHelper, SimulationWidget)


def tell(widget, content) -> None:
    """What a comm does with a message from the page."""
    widget._handle_custom_msg(content, [])


@pytest.mark.parametrize("kind", WIDGETS)
def test_every_widget_hears_its_page(kind):
    widget = kind()
    tell(widget, {"page": {"in_page": True, "is_kept": True}})
    assert widget.in_page
    assert widget.is_kept


def test_the_room_comes_as_one_change_each():
    widget, seen = FigureWidget(), []
    widget.observe(lambda change: seen.append(change["name"]), ["shown_width", "dark"])
    told = {"shown_width": 800, "pixel_ratio": 2, "dark": True}
    tell(widget, {"page": told})
    tell(widget, {"page": told})
    assert sorted(seen) == ["dark", "shown_width"]
    assert (widget.look().width, widget.look().dark) == (800, True)


def test_nothing_else_can_be_set_from_outside():
    widget = FigureWidget(alt="a plot")
    for content in ("page", {"page": 3}, {"page": {"alt": "x", "_esm": "x"}}, {"pages": {}}):
        tell(widget, content)
    assert widget.alt == "a plot"


@pytest.fixture
def shell(here, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("kind", WIDGETS)
def test_a_message_is_not_the_end_of_a_cell(shell, kind):
    ended = []
    shell.events.register("post_execute", lambda: ended.append(True))
    widget = kind()
    data = {"method": "custom", "content": {"page": {"in_page": True}}}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert widget.in_page
    assert ended == [], "matplotlib shows figures of the cell then"


def test_nor_is_one_of_a_molecule(shell):
    from asyncmd_jupyter.jupyter.widgets.ngl_stage import MoleculeWidget, _Structure

    ended = []
    shell.events.register("post_execute", lambda: ended.append(True))
    pdb = "ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n"
    widget = MoleculeWidget(_Structure(pdb), [])
    data = {"method": "update", "state": {"frame": 0}, "buffer_paths": []}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert ended == []
    widget.close()


@pytest.mark.parametrize("kind", WIDGETS)
def test_no_page_has_to_wait_for_the_kernel(kind):
    assert ".save_changes" not in str(kind._esm)
    assert not {"in_page", "is_kept", "dark", "shown_width"} & kind().get_state().keys()


ODD_STATES = """
const drawn = [];
const svg = { firstChild: { setAttribute: (name, shape) => drawn.push(shape) } };
for (const state of ["constructor", "__proto__", "toString", "reached"]) setIcon(svg, state);
const words = { states: { reached: "arrived" } };
const said = ["constructor", "__proto__", "reached"].map((state) => stateWord(words, state));
const filled = fill("{toString} {n}", { n: 1 });
console.log(JSON.stringify([drawn.map((shape) => typeof shape), said, filled]));
"""


def test_a_state_may_be_called_like_what_every_object_has():
    script = (HERE / "simulations_format.js").read_text() + ODD_STATES
    said = subprocess.check_output(["node", "--input-type=module"], input=script, text=True)
    shapes, words, text = json.loads(said)
    assert shapes == ["string"] * 4
    assert words == ["constructor", "__proto__", "arrived"]
    assert text == "{toString} 1"


def test_what_a_page_tells_holds_no_picture_back(wire, monkeypatch):
    """It may tell it in another thread, just when the kernel has drawn the last picture."""
    figure = FigureWidget()
    is_set, may_end, set_trait = threading.Event(), threading.Event(), figure.set_trait

    def slow_set_trait(name, value):
        set_trait(name, value)
        is_set.set()
        may_end.wait()

    monkeypatch.setattr(figure, "set_trait", slow_set_trait)
    telling = threading.Thread(target=wire.press, args=(figure, {"page": {"dark": True}}))
    telling.start()
    is_set.wait()
    figure.put(b"picture", "the last one", figure.look())
    sent = [data["state"] for _, kind, data, _ in wire.log if kind == "comm_msg"]
    may_end.set()
    telling.join()
    assert any(state.get("alt") == "the last one" for state in sent)
