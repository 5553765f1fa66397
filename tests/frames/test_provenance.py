"""Records beside files: what is believed, what is not, and what they say."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from frame_samples import write_xdr

from asyncmd_jupyter import Trajectory
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.content import Contents
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.provenance_file import ENDING, Mark, record_path
from asyncmd_jupyter.frames.provenance_parameters import difference, resolved
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.velocities import draw_velocities

pytestmark = pytest.mark.usefixtures("runtime")


def both(suffix: str = "trr") -> Trajectory:
    return Trajectory([f"a.{suffix}", f"b.{suffix}"], "conf.gro")


def extract(name: str, number: int = 6, **options) -> Trajectory:
    return InvertedVelocitiesFrameExtractor().extract(name, both(), number, **options)


def change(path: Path | str, **changes) -> None:
    record = json.loads(record_path(path).read_text())
    record_path(path).write_text(json.dumps(record | changes))


def test_files_of_others_have_no_record(folder: Path):
    assert both().provenance is None


def test_frames_are_counted_in_the_file_that_holds_them(folder: Path):
    told = extract("f.trr").provenance
    (parent,) = told.parents
    assert (parent.file, parent.frame, parent.step) == ("b.trr", 1, 60)
    assert parent.time == pytest.approx(0.12)
    assert told.parent_trajectories() == (folder / "b.trr",)
    assert (told.made_by, told.frames["count"]) == ("extraction", 1)
    assert "inverted velocities" in told.text()
    assert "frame 1 of b.trr, 0.12 ps" in told.text()


def test_a_join_names_what_it_is_made_of(folder: Path):
    joined = TrajectoryConcatenator().concatenate(
        [both(), both()], [(3, 7, 1), (2, None, -1)], "j.trr"
    )
    spans = [(p.file, p.frame, p.last_frame, p.n_frames) for p in joined.provenance.parents]
    assert spans == [("a.trr", 3, 4, 2), ("b.trr", 0, 1, 2), ("a.trr", 2, 0, 3)]
    assert joined.provenance.content["made"]["reversed"]


def test_own_extractors_are_named(folder: Path):
    class Shifted(FrameExtractor):
        def apply_modification(self, universe, ts):
            ts.positions += 1

    made = Shifted(mda_transformations=[lambda ts: ts]).extract("s.trr", both(), 0)
    assert "modified by Shifted" in made.provenance.text()
    assert "transformations" in made.provenance.text()


def drawn_again(frame: Trajectory) -> np.ndarray:
    told = frame.provenance
    generator = np.random.default_rng(told.seeds["velocities"])
    masses = Contents.current().masses(str(frame.structure_path))
    return draw_velocities(masses, told.content["made"]["temperature"], generator)


@pytest.mark.parametrize("options", [{}, {"mda_transformations": [lambda ts: ts]}])
@pytest.mark.parametrize("source", ["trr", "xtc"])
async def test_random_velocities_can_be_drawn_again(folder: Path, source: str, options):
    options = {**options, "masses": Contents.current().masses("conf.gro")}
    extractor = RandomVelocitiesFrameExtractor(300.123456789, **options)
    frames = await asyncio.gather(
        *(extractor.extract_async(f"{i}.trr", both(source), i) for i in range(3))
    )
    for frame in frames:
        assert np.allclose(read_frame(frame, 0).velocities, drawn_again(frame), atol=1e-6)
        assert f"velocities {frame.provenance.seeds['velocities']}" in frame.provenance.text()
    assert len({frame.provenance.seeds["velocities"] for frame in frames}) == 3


def test_what_is_drawn_in_another_way_has_no_seed(folder: Path):
    class Own(RandomVelocitiesFrameExtractor):
        def apply_modification(self, universe, ts):
            generator = np.random.default_rng(7)
            ts.velocities = 10 * draw_velocities(universe.atoms.masses, self.T, generator)

    frame = Own(300).extract("f.trr", both(), 0)
    masses = Contents.current().masses("conf.gro")
    drawn = draw_velocities(masses, 300, np.random.default_rng(7))
    assert np.allclose(read_frame(frame, 0).velocities, drawn, atol=1e-6)
    assert (frame.provenance.seeds, extract("g.trr").provenance.seeds) == ({}, {})
    assert "temperature" not in frame.provenance.content["made"]


def test_other_content_is_not_believed(folder: Path):
    made = extract("f.trr")
    write_xdr(folder / "f.trr", n_frames=2)
    told = Trajectory("f.trr", "conf.gro").provenance
    assert "no longer the file" in told.problem
    assert (told.parents, told.made_by, told.parameters()) == ((), "", {})
    assert "not believed" in told.text()
    assert "no longer the file" in repr(told)
    data = bytearray((folder / "f.trr").read_bytes())
    change("f.trr", content=Mark.of("f.trr").to_json())
    assert Trajectory("f.trr", "conf.gro").provenance.problem == ""
    data[-5] ^= 1
    (folder / "f.trr").write_bytes(data)
    assert "as many bytes, but others" in Trajectory("f.trr", "conf.gro").provenance.problem
    assert made.provenance.problem


def test_large_files_are_recognised_by_pieces_of_them(folder: Path):
    write_xdr(folder / "large.trr", n_frames=400)
    mark = Mark.of("large.trr")
    assert mark.size > 2**15
    data = bytearray((folder / "large.trr").read_bytes())
    for place in (0, len(data) // 3, len(data) - 1):
        other = bytearray(data)
        other[place] ^= 1
        (folder / "large.trr").write_bytes(other)
        assert Mark.of("large.trr") != mark
    (folder / "large.trr").write_bytes(data)
    assert Mark.of("large.trr") == mark


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": 99}', '{"schema": 1, "parents": 3}', "\x00\xff", "null"],
)
def test_records_that_are_none_are_no_harm(folder: Path, text: str):
    made = extract("f.trr")
    record_path("f.trr").write_text(text)
    assert "can't be used" in made.provenance.problem
    assert extract("g.trr").provenance.problem == ""
    copy = NoModificationFrameExtractor().extract("h.trr", made, 0)
    assert copy.provenance.parents[0].id == ""


def test_overwriting_replaces_the_record(folder: Path):
    first = extract("f.trr", 2).provenance
    second = extract("f.trr", 3, overwrite=True).provenance
    assert (second.problem, second.parents[0].frame) == ("", 3)
    assert first.id != second.id


def test_a_copy_that_is_recovered_and_one_in_place(folder: Path):
    joined = TrajectoryConcatenator().concatenate([both()], [(None, None, 1)], "j.trr")
    before = joined.provenance
    whole = Path("j.trr").read_bytes()
    Path("j.trr").write_bytes(whole[:-10])
    with pytest.warns(UserWarning, match="9 whole frames"):
        copy = Trajectory.recover("j.trr", "conf.gro")
    assert copy.provenance.made_by == "recovery"
    assert copy.provenance.parents[0].file == "j.trr"
    change("j.trr", content=Mark.of("j.trr").to_json())
    with pytest.warns(UserWarning, match="9 whole frames"):
        mended = Trajectory.recover("j.trr", "conf.gro", in_place=True)
    assert (mended.provenance.problem, mended.provenance.id) == ("", before.id)
    assert "recovery" in mended.provenance.text()


def test_a_trajectory_of_several_files(folder: Path):
    extract("f.trr", 2)
    extract("g.trr", 3)
    several = Trajectory(["f.trr", "g.trr", "a.trr"], "conf.gro").provenance
    assert several.parents[0].frame == 2
    assert [one and one.parents[0].frame for one in several.following] == [3, None]
    assert "no record" in several.text()
    first_without = Trajectory(["a.trr", "f.trr"], "conf.gro").provenance
    assert "no record beside this file" in first_without.problem
    assert first_without.following[0].made_by == "extraction"


def test_it_reads_well(folder: Path):
    told = extract("f.trr").provenance
    assert repr(told) == "<Provenance of f.trr: extraction of a frame, inverted velocities>"
    assert str(told) == told.text()
    html = told._repr_html_()
    assert "Provenance of f.trr" in html
    assert "<script" not in html
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.problem = "none"
    assert pickle.loads(pickle.dumps(told)).text() == told.text()


def test_a_record_moves_with_its_files(folder: Path):
    (folder / "sub").mkdir()
    made = NoModificationFrameExtractor().extract("sub/f.trr", both(), 2)
    assert made.provenance.parents[0].file == "../a.trr"
    shutil.copytree(folder, folder.parent / "copy")
    for path in folder.iterdir():
        if path.suffix in (".trr", ".xtc"):
            path.write_bytes(b"something else")
    there = folder.parent / "copy"
    moved = Trajectory(there / "sub" / "f.trr", there / "conf.gro").provenance
    assert moved.parent_trajectories() == (there / "a.trr",)
    (there / "a.trr").unlink()
    assert moved.parent_trajectories() == (None,)  # what lies in the old place is another file


def test_files_beside_have_a_name_of_their_own(folder: Path):
    extract("f.trr")
    assert record_path("f.trr").name == f"f.trr{ENDING}"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


class TestParameters:
    def record(self, folder: Path, name: str, parent: dict | None, **parameters) -> dict:
        (folder / name).write_bytes(name.encode())
        parents = [] if parent is None else [{"file": parent["file"], "id": parent["id"]}]
        content = {
            "schema": 1,
            "file": name,
            "id": f"id of {name}",
            "parents": parents,
            "parameters": difference("P", parameters, parent, folder),
        }
        record_path(folder / name).write_text(json.dumps(content))
        return content

    def test_only_what_differs_is_kept(self, tmp_path: Path):
        one = self.record(tmp_path, "one", None, a=1, b=[1, 2], c="x")
        two = self.record(tmp_path, "two", one, a=1, b=[1, 3], d=None)
        three = self.record(tmp_path, "three", two, a=1, b=[1, 3], d=None)
        assert one["parameters"]["set"] == {"a": 1, "b": [1, 2], "c": "x"}
        assert two["parameters"]["set"] == {"b": [1, 3], "d": None}
        assert two["parameters"]["unset"] == ["c"]
        assert three["parameters"]["set"] == {}
        full = resolved(three["parameters"], three, tmp_path)
        assert full == {"a": 1, "b": [1, 3], "d": None}

    def test_all_are_kept_where_the_parents_are_gone(self, tmp_path: Path):
        one = self.record(tmp_path, "one", None, a=1)
        two = self.record(tmp_path, "two", one, a=2)
        record_path(tmp_path / "one").unlink()
        three = self.record(tmp_path, "three", two, a=3)
        assert three["parameters"]["full"]
        assert resolved(three["parameters"], three, tmp_path) == {"a": 3}

    def test_other_programs_have_other_parameters(self, tmp_path: Path):
        one = self.record(tmp_path, "one", None, a=1)
        assert difference("Q", {"a": 1}, one, tmp_path)["full"]

    def test_a_circle_ends(self, tmp_path: Path):
        one = self.record(tmp_path, "one", None, a=1)
        two = self.record(tmp_path, "two", one, a=2)
        one["parents"] = [{"file": "two", "id": two["id"]}]
        one["parameters"] = {"program": "P", "digest": "", "set": {}, "unset": []}
        record_path(tmp_path / "one").write_text(json.dumps(one))
        with pytest.raises(LookupError, match="circle"):
            resolved(two["parameters"], two, tmp_path)
