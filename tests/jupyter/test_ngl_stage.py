"""A molecule that is no longer shown leaves nothing that a page could stumble over."""

import ipywidgets
import pytest
from ipywidgets.widgets import widget as registry

from asyncmd_jupyter.jupyter.widgets.ngl_stage import MoleculeWidget, _Structure

PDB = "ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n"


@pytest.fixture
def before():
    """The widgets that there are already."""
    return set(registry._instances)


def added(before):
    return [type(registry._instances[name]).__name__ for name in set(registry._instances) - before]


def test_a_closed_one_takes_all_its_widgets_along(before):
    widget = MoleculeWidget(_Structure(PDB), [])
    assert "MoleculeWidget" in added(before)
    widget.close()
    assert added(before) == []


def test_a_page_can_ask_for_all_widgets_afterwards(before):
    MoleculeWidget(_Structure(PDB), []).close()
    kept = MoleculeWidget(_Structure(PDB), [])
    assert kept.model_id in ipywidgets.Widget.get_manager_state()["state"]
    kept.close()


def test_nothing_in_the_page_moves_the_frames_of_nglview(before):
    widget = MoleculeWidget(_Structure(PDB), [])
    assert "Link" not in added(before)
    widget.close()
