"""The history of a campaign as a drawing and as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from families import part, shooting, taken, weighted_ensemble
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from asyncmd_jupyter.jupyter.showing.history import History, show_history
from asyncmd_jupyter.jupyter.widgets.history_layout import lay_out
from asyncmd_jupyter.jupyter.widgets.history_svg import ticks
from asyncmd_jupyter.sampling.genealogy import MISSING, PLAIN, Edge, Genealogy, Node

SVG = "{http://www.w3.org/2000/svg}"


def drawn(family: Genealogy) -> ElementTree.Element:
    return ElementTree.fromstring(History(family).svg())


def lines_of(family: Genealogy) -> list[tuple[float, float, float]]:
    """Height, begin and end of the lines of simulations."""
    found = []
    for group in drawn(family).iter(f"{SVG}g"):
        line = group.find(f"{SVG}line")
        assert line is not None
        found.append(tuple(float(line.get(name) or "nan") for name in ("y1", "x1", "x2")))
    return found


@pytest.mark.parametrize(
    "family",
    [weighted_ensemble(10, 20), weighted_ensemble(60, 8, seed=5), shooting(200), shooting(30)],
    ids=["ensemble", "wide ensemble", "200 shots", "30 shots"],
)
def test_no_two_lines_lie_on_each_other(family: Genealogy):
    lines = lines_of(family)
    assert len(lines) == len(family.nodes)
    for (y, _, end), (other_y, begin, _) in pairwise(sorted(lines)):
        assert y != other_y or end <= begin + 0.1
    heights = sorted({y for y, _, _ in lines})
    assert min(b - a for a, b in pairwise(heights)) >= 5


def test_everything_is_within_the_drawing():
    for family in (weighted_ensemble(40, 5), shooting(60)):
        image = drawn(family)
        _, _, width, height = map(float, (image.get("viewBox") or "").split())
        for line in image.iter(f"{SVG}line"):
            for name, most in (("x1", width), ("x2", width), ("y1", height), ("y2", height)):
                assert 0 <= float(line.get(name) or "nan") <= most
        for path in image.iter(f"{SVG}path"):
            numbers = [float(n) for n in re.findall(r"[\d.]+", path.get("d") or "")]
            assert max(numbers) <= max(width, height)


def test_a_branch_begins_where_its_frame_is():
    parent, child = part("a", "a", "", 0.0, 20.0), part("b", "b", "", 0.0, 5.0)
    family = Genealogy((parent, child), (Edge(parent.id, child.id, taken(5, 12.5)),))
    first, second = lay_out(family).strands
    assert (first.begin, first.end) == (0.0, 20.0)
    assert (second.begin, second.end, second.branch) == (12.5, 17.5, 12.5)
    assert first.row != second.row


def test_a_frame_is_followed_through_what_was_made_of_it():
    one, two = part("a", "a", "", 0.0, 10.0), part("a", "a", "", 10.0, 20.0, number=2)
    joined = Node("j", one.path.with_name("j.trr"), "join", n_frames=22)
    frame = Node("f", one.path.with_name("f.trr"), "extraction", n_frames=1)
    child = part("b", "b", "", 0.0, 5.0)

    def whole(begin: float, end: float):
        span = {"n_frames": 11, "frame": 0, "last_frame": 10, "time": begin, "last_time": end}
        return type(taken(0, 0))("x", "", **span)

    edges = (
        Edge(one.id, two.id, taken(10, 10.0)),
        Edge(one.id, "j", whole(0.0, 10.0)),
        Edge(two.id, "j", whole(10.0, 20.0)),
        Edge("j", "f", taken(16, 99.0)),
        Edge("f", child.id, taken(0, 99.0)),
    )
    layout = lay_out(Genealogy((one, two, joined, frame, child), edges))
    assert [strand.begin for strand in layout.strands] == [0.0, 15.0]


def test_what_is_behind_the_frame_that_decided_is_faint():
    one, two = part("a", "a", "", 0.0, 10.0), part("a", "a", "", 10.0, 20.0, number=2)
    result = Node("r", one.path.with_name("a.trr"), "joined", n_frames=17)
    edges = (Edge(one.id, "r", taken(10, 10.0)), Edge(two.id, "r", taken(6, 16.0)))
    family = Genealogy((one, two, result), edges)
    (strand,) = lay_out(family).strands
    assert (strand.end, strand.counted, strand.beyond) == (20.0, 16.0, 4.0)
    (group,) = drawn(family).iter(f"{SVG}g")
    counts, beyond, *_ = group.iter(f"{SVG}line")
    assert counts.get("x2") == beyond.get("x1")
    assert (counts.get("opacity"), beyond.get("opacity")) == (None, "0.3")
    told = group.find(f"{SVG}title")
    assert told is not None
    assert "0 to 16 ps, 4 ps more after the deciding frame" in (told.text or "")
    assert "after the deciding frame: not counted" in texts(family)
    assert "1 with frames behind the one that decided" in History(family).svg()
    whole = Genealogy((one, result), (Edge(one.id, "r", taken(10, 10.0)),))
    assert lay_out(whole).strands[0].counted is None
    assert "not counted" not in " ".join(texts(whole))


def test_bridges_end_on_the_lines_that_they_join():
    root, child = part("a", "a", "", 0.0, 20.0), part("b", "b", "", 0.0, 20.0)
    grandchild = part("c", "c", "", 0.0, 20.0)
    edges = (
        Edge(root.id, child.id, taken(0, 0.0)),
        Edge(child.id, grandchild.id, taken(0, 0.0)),
    )
    family = Genealogy((root, child, grandchild), edges)
    lines = {y: (begin, end) for y, begin, end in lines_of(family)}
    assert len(lines) == 3
    for path in drawn(family).iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"[\d.]+", path.get("d") or "")]
        for x, y in (numbers[:2], numbers[-2:]):
            begin, end = lines[y]
            assert begin - 0.11 <= x <= end + 0.11


def test_a_missing_start_is_marked():
    gone = Node("gone", part("x", "x", "", 0, 1).path, MISSING)
    child = part("a", "a", "", 0.0, 10.0)
    family = Genealogy((gone, child), (Edge("gone", child.id, taken(0, 0.0)),))
    assert "which is missing" in History(family).svg()
    assert "(missing)" in History(family).text()
    assert "the start of 1 is missing" in History(family).svg()
    assert "what it began with is missing" in texts(family)
    assert "what it began with is missing" not in texts(weighted_ensemble(4, 3))


def texts(family: Genealogy) -> list[str]:
    return [text.text or "" for text in drawn(family).iter(f"{SVG}text")]


def test_signs_that_are_drawn_are_explained():
    walker = part("walk/0", "walk", "", 0.0, 10.0)
    one = Node("one", walker.path.with_name("one.gro"), PLAIN, n_frames=1)
    many = Node("many", walker.path.with_name("many.xtc"), PLAIN, n_frames=5)
    edges = [Edge(walker.id, node.id, taken(3, 3.0)) for node in (one, many)]
    assert "a frame that was taken out" in texts(Genealogy((walker, one), (edges[0],)))
    assert "frames that were taken out or joined" in texts(Genealogy((walker, many), (edges[1],)))
    assert not [text for text in texts(Genealogy((walker,), ())) if "taken out" in text]


def test_it_is_told_to_those_who_do_not_see():
    image = drawn(weighted_ensemble(4, 3))
    named = (image.get("aria-labelledby") or "").split()
    texts = {element.get("id"): element.text for element in image}
    assert image.get("role") == "img"
    assert texts[named[0]] == "History of 12 simulations"
    assert "12 simulations of 3 runs; 3 generations" in (texts[named[1]] or "")
    assert all(group.find(f"{SVG}title") is not None for group in image.iter(f"{SVG}g"))


def test_no_script_and_names_are_texts():
    evil = part("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "", 0.0, 1.0)
    html = History(Genealogy((evil,), ()))._repr_mimebundle_()["text/html"]
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            assert not any(name.startswith("on") for name, _ in attrs)

    Tags().feed(html)
    assert not {"script", "img"} & set(tags)


def test_what_is_published():
    family = weighted_ensemble(3, 2)
    InteractiveShell.instance()
    try:
        with capture_output() as captured:
            shown = show_history(family)
    finally:
        InteractiveShell.clear_instance()
    (output,) = captured.outputs
    assert output.data["text/plain"] == shown.text() == family.text()
    assert "<svg" in output.data["text/html"]
    assert "<details>" in output.data["text/html"]


def test_nothing_to_draw():
    bundle = History(Genealogy())._repr_mimebundle_()
    assert bundle["text/plain"] == "Nothing is known: there are no records here."
    assert "<svg" not in bundle["text/html"]


@pytest.mark.parametrize("duration", [0.001, 1, 7, 99.9, 100, 12_345, 3e6])
def test_round_numbers_on_the_axis(duration: float):
    found = ticks(duration)
    assert found[0] == 0
    assert 5 <= len(found) <= 11
    assert found[-1] <= duration * 1.0001
