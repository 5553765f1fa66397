"""What the preview shows of systems of all kinds, and how it gets there."""

import asyncio
import weakref
from pathlib import Path

import numpy as np
import pytest
from test_molecules import pdb_line, solvated, write_part

from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.whole import WholeMolecules, guessed_bonds
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.widgets.fit import fitted
from asyncmd_jupyter.jupyter.widgets.live_stages import MOST_LIVE, LiveStages
from asyncmd_jupyter.jupyter.widgets.picture import Picture
from asyncmd_jupyter.jupyter.widgets.player import Player
from asyncmd_jupyter.jupyter.widgets.representations import representations
from asyncmd_jupyter.jupyter.widgets.residues import Kind, kind_of
from asyncmd_jupyter.jupyter.widgets.sources import sources_of
from asyncmd_jupyter.jupyter.widgets.structure_text import shown_structure
from asyncmd_jupyter.jupyter.widgets.trajectory import TrajectoryPreview
from asyncmd_jupyter.jupyter.widgets.walker_frames import ShownFrame
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


def never(traj):
    return np.zeros(len(traj), dtype=bool)


@pytest.fixture
async def jobs(here):
    manager = JobManager.current()
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    yield manager
    here.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


@pytest.mark.parametrize(
    ("resname", "atoms", "kind"),
    [
        ("ALA", ["N", "CA", "C", "O", "CB"], Kind.PROTEIN),
        ("ACE", ["CH3", "C", "O"], Kind.PROTEIN),
        ("XYZ", ["N", "CA", "C", "O", "CX"], Kind.PROTEIN),  # a residue that was modified
        ("ALA", ["BB"], Kind.BEAD),
        ("DA5", ["P", "C1'", "O4'"], Kind.NUCLEIC),
        ("SOL", ["OW", "HW1", "HW2"], Kind.WATER),
        ("NA", ["NA"], Kind.ION),
        ("AR", ["AR"], Kind.BEAD),
        ("POPC", ["N", "P", "C11", "O11"], Kind.LIPID),
        ("POPC", ["NC3", "PO4", "GL1"], Kind.BEAD),
        ("LIG", ["C1", "C2"], Kind.LIGAND),
    ],
)
def test_kinds_are_known_by_names(resname, atoms, kind):
    assert kind_of(resname, atoms) is kind


def mixed(path, n_residues=6):
    """A peptide with ligand, ions, a lipid, a bead and water."""
    lines = [
        pdb_line(i * 5 + j, name, "ALA", i + 1, name[0])
        for i in range(n_residues)
        for j, name in enumerate(("N", "CA", "C", "O", "CB"))
    ]
    others = [
        *(("LIG", name) for name in ("C1", "O1")),
        ("NA", "NA"),
        *(("POPC", name) for name in ("N", "P", "C11")),
        ("AR", "AR"),
    ]
    names = list(dict.fromkeys(resname for resname, _ in others))
    lines += [pdb_line(90, atom, name, 100 + names.index(name), atom[0]) for name, atom in others]
    lines += [pdb_line(99, name, "HOH", 200, name[0]) for name in ("O", "H1", "H2")]
    path.write_text("\n".join([*lines, "END"]))
    return path


def drawn(structure, style="Automatic", **options):
    found = representations(structure, style, **options)
    return {(r["params"]["sele"], r["type"]) for r in found}


def test_each_kind_is_drawn_in_its_way(tmp_path):
    structure = shown_structure(mixed(tmp_path / "a.pdb"))
    assert drawn(structure) == {
        ("[ALA]", "cartoon"),
        ("([ALA]) and not hydrogen", "licorice"),
        ("[POPC]", "line"),
        ("[LIG]", "ball+stick"),
        ("[NA]", "spacefill"),
        ("[AR]", "spacefill"),
        ("[HOH]", "line"),
    }
    assert ("[HOH]", "line") not in drawn(structure, water=False)
    assert drawn(structure, "Sticks") >= {("[ALA]", "licorice"), ("[NA]", "spacefill")}
    assert {kind for _, kind in drawn(structure, "Spheres", water=False)} == {"spacefill"}
    assert drawn(structure, "Lines") >= {("[ALA]", "line"), ("[AR]", "spacefill")}
    assert ("([ALA]) and not hydrogen", "licorice") not in drawn(structure, "Cartoon")


def test_long_chains_have_no_side_chains(tmp_path):
    structure = shown_structure(mixed(tmp_path / "a.pdb", 80))
    assert {kind for chosen, kind in drawn(structure) if "ALA" in chosen} == {"cartoon"}


def test_copies_have_models_and_colours_of_their_own(tmp_path):
    structure = shown_structure(alanine_dipeptide())
    assert structure.pdb(3).count("MODEL ") == 3
    found = representations(structure, colours=["#111111", "#222222"])
    assert [r["params"]["color"] for r in found] == ["#111111", "#222222"]
    assert found[1]["params"]["sele"].startswith("/1 and (")


@pytest.mark.parametrize(
    ("most", "n_atoms", "words"),
    [
        (5000, 1650, ""),
        (1000, 150, "no water"),
        (130, 120, "no water, backbone only"),
        (60, 30, "no water, one atom a residue"),
        (20, 20, "no water, one atom a residue, a random part"),
    ],
)
def test_big_systems_are_thinned_step_by_step(tmp_path, most, n_atoms, words):
    path = solvated(tmp_path / "a.pdb", 30, 500)
    structure = shown_structure(path, water=True, most_atoms=most)
    assert structure.n_atoms == n_atoms
    assert structure.note == (f"Shown: {n_atoms:,} of 1,650 atoms ({words})." if words else "")
    if n_atoms == 30:
        assert [r["type"] for r in representations(structure)] == ["tube"]


def test_many_beads_are_drawn_by_chance(tmp_path):
    lines = [pdb_line(i, "AR", "AR", i, "AR") for i in range(300)]
    path = tmp_path / "a.pdb"
    path.write_text("\n".join(lines))
    structure = shown_structure(path, most_atoms=100)
    assert structure.n_atoms == 100
    assert structure.note == "Shown: 100 of 300 atoms (a random part)."
    assert len(np.unique(np.diff(structure.chosen))) > 1


BOX = np.array([[30, 0, 0], [5, 28, 0], [3, -4, 26]], dtype=np.float32)


def molecules():
    """A chain, and a smaller one beside it."""
    chain = np.cumsum([[1.2, 0.6, 0.3]] * 20, axis=0)
    return np.concatenate([chain, np.add(chain[:5], [0, 6, 0])]).astype(np.float32)


def in_box(positions):
    """Put every atom into the box, as simulations do."""
    inverse = np.linalg.inv(BOX)
    return (positions - np.floor(positions @ inverse) @ BOX).astype(np.float32)


@pytest.mark.parametrize("shift", [0, 7, 13, 21])
def test_molecules_are_made_whole(shift):
    whole = molecules() + np.float32(shift)
    broken = in_box(whole)
    given = broken.copy()
    bonds = guessed_bonds(broken, ["C"] * 25, BOX)
    assert len(bonds) == 19 + 4
    made = WholeMolecules(25, bonds)
    shown = made.whole(broken, BOX)
    lengths = np.linalg.norm(shown[bonds[:, 0]] - shown[bonds[:, 1]], axis=1)
    assert lengths.max() < 1.5
    assert np.allclose(shown - shown[0], whole - whole[0], atol=1e-3)
    assert np.array_equal(broken, given)
    assert made.was_needed == (np.abs(in_box(whole) - whole).max() > 1 and shift > 0) or not shift


def test_the_largest_molecule_stays_where_it_was():
    made = WholeMolecules(25, guessed_bonds(molecules(), ["C"] * 25, BOX))
    first = made.whole(in_box(molecules()), BOX)
    later = made.whole(in_box(molecules() + np.float32(40)), BOX)
    assert np.allclose(first, later, atol=1e-3)


def test_a_fit_turns_but_does_not_mirror():
    random = np.random.default_rng(1)
    reference = random.normal(size=(12, 3))
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    moved = reference @ turn + [1, 2, 3]
    anchors = np.arange(5)
    assert np.allclose(fitted(moved, reference, anchors), reference, atol=1e-5)
    mirrored = reference * [1, 1, -1]
    assert not np.allclose(fitted(mirrored, reference, np.arange(12)), reference, atol=0.1)
    assert np.allclose(fitted(moved, reference, anchors[:2]), moved, atol=1e-6)


def test_frames_of_another_system_are_refused():
    picture = Picture(shown_structure(alanine_dipeptide()))
    with pytest.raises(ValueError, match="different systems"):
        picture.positions([ShownFrame(np.zeros((5, 3), np.float32))], whole=True, overlay=False)


def preview_of(tmp_path, n_frames=5):
    write_part(tmp_path / "a.trr", 0, n_frames)
    preview = TrajectoryPreview(Trajectory(tmp_path / "a.trr", alanine_dipeptide()))
    preview._page.webgl = "yes"
    return preview.open()


def said(preview):
    return preview._player._said.value


async def test_a_growing_trajectory_is_followed(tmp_path, wire, here):
    preview = preview_of(tmp_path)
    await until(lambda: said(preview) == "0.80 ps, frame 4")
    with (tmp_path / "a.trr").open("ab") as file:
        write_trr_frame(file, TrrFrame(250, 1.0, np.eye(3), np.zeros((22, 3), np.float32), None))
    await until(lambda: said(preview) == "1.00 ps, frame 5")
    assert not preview.is_final()
    assert preview.text() == "Trajectory preview (a.trr: 6 frames)"
    await preview.aclose()


async def test_an_old_trajectory_is_shown_and_left_alone(tmp_path, wire, here):
    import os

    write_part(tmp_path / "a.trr", 0, 5)
    os.utime(tmp_path / "a.trr", (0, 0))
    preview = TrajectoryPreview(Trajectory(tmp_path / "a.trr", alanine_dipeptide())).open()
    await preview.closed()
    assert said(preview) == "0.80 ps, frame 4"
    assert '<img src="data:image/png;base64,' in preview._still()["text/html"]
    assert "a.trr: 5 frames" in preview._still()["text/html"]


async def test_a_file_that_is_gone_gets_a_sentence(tmp_path, wire, here):
    preview = preview_of(tmp_path)
    await until(lambda: said(preview) == "0.80 ps, frame 4")
    (tmp_path / "a.trr").unlink()
    preview._player.pressed("first")
    await until(lambda: "gone" in said(preview))
    assert said(preview).startswith("The frame can't be shown, its file is gone: ")
    assert "a.trr" in said(preview)
    await preview.aclose()


async def test_it_plays_to_the_end_and_again(tmp_path, wire, here):
    preview = preview_of(tmp_path)
    await until(lambda: said(preview) == "0.80 ps, frame 4")
    seen = []
    preview._player._said.observe(lambda change: seen.append(change["new"]), "value")
    preview._player._speed.value = 50
    preview._player._speed.value = 10
    preview._player.pressed("play")
    await until(lambda: preview._player.is_playing)
    await until(lambda: not preview._player.is_playing)
    assert [text.split()[-1] for text in seen] == ["0", "1", "2", "3", "4"]
    await preview.aclose()


def test_playing_skips_frames_and_loops(wire):
    player = Player(["one"], lambda: None)
    player.frames_grew(101)
    player._newest.value = False
    player._slider.value = 0
    player._speed.value = 100
    player.advance()
    assert (player.frame, player.tick) == (10, 0.1)
    player._slider.value = 100
    player._loop.value = True
    player.advance()
    assert player.frame == 0


async def test_only_shown_atoms_go_to_the_page(tmp_path, wire, here):
    """Positions of 150 of 1,653 atoms are 1,800 bytes."""
    solvated(tmp_path / "a.pdb", 30, 501)
    with (tmp_path / "a.trr").open("wb") as file:
        write_trr_frame(file, TrrFrame(0, 0.0, np.eye(3), np.ones((1653, 3), np.float32), None))
    preview = TrajectoryPreview(Trajectory(tmp_path / "a.trr", tmp_path / "a.pdb")).open()
    await until(lambda: said(preview))
    preview.stage.widget.loaded = True
    wire.log.clear()
    preview.stage._push()
    sent = [len(b) for _, _, _, buffers in wire.log for b in buffers or ()]
    assert sent == [150 * 3 * 4]
    assert "no water" in preview._note.value
    await preview.aclose()


async def test_without_webgl_the_page_gets_a_projection(tmp_path, wire, here):
    preview = preview_of(tmp_path)
    await until(lambda: said(preview))
    assert type(preview.stage).__name__ == "NGLStage"
    preview._page.webgl = "no"
    await until(lambda: "this page has no WebGL" in preview._note.value)
    assert type(preview.stage).__name__ == "ProjectionStage"
    await preview.aclose()


async def test_all_walkers_over_each_other(tmp_path, wire, jobs):
    run = start_run(
        ToyEngine(0.0, seed=5, launcher="memory"),
        None,
        until=[("never", never)],
        name="run",
        n_walkers=10,
        max_steps=50,
    )
    await run
    preview = TrajectoryPreview(run).open()
    await until(lambda: said(preview))
    preview._options._overlay.value = True
    await until(lambda: said(preview).endswith(" ps, frame 5 of 8 walkers"))
    assert "At most 8 of 10 are shown at once." in preview._note.value
    assert preview._note.value.count("&#9679;") == 8
    assert len(preview.stage._positions) == 8
    await preview.aclose()


async def test_few_molecules_are_alive_at_a_time(tmp_path, wire, here):
    previews = []
    for i in range(MOST_LIVE + 2):
        folder = tmp_path / str(i)
        folder.mkdir()
        previews.append(preview_of(folder))
        await until(lambda: said(previews[-1]))
        previews[0]._page.on_screen = True
    resting = [preview.stage is None for preview in previews]
    assert resting == [False, True, True] + [False] * (MOST_LIVE - 1)
    button = previews[1].widget.children[-1]
    assert button.description == "Show the molecule"
    button.click()
    await until(lambda: previews[1].stage is not None)
    for preview in previews:
        await preview.aclose()


async def test_a_preview_that_nobody_holds_counts_no_more(tmp_path, wire, here):
    class View:
        is_on_screen = False

    view = View()
    LiveStages.current().opened(view)
    gone = weakref.ref(view)
    del view
    assert gone() is None


async def test_a_restart_is_started_from_the_form(tmp_path, wire, jobs):
    run = start_run(
        ToyEngine(0.0, seed=5, launcher="memory"),
        None,
        until=[("never", never)],
        name="run",
        max_steps=100,
    )
    await run
    preview = TrajectoryPreview(run).open()
    await until(lambda: said(preview))
    form = preview._restart
    form.button.click()
    await until(lambda: form._name.value == "run-2")
    assert form._temperature.value == 300
    form._n.value = 2
    form._velocities.value = "inverted"
    form._start.click()
    await until(lambda: "Run run-2 was started" in form._said.value)
    assert "frame 10 of walker 0 of run run" in form._said.value
    assert Path("run-2/start.trr").exists()
    form.button.click()
    await until(lambda: form._name.value == "run-3")
    form._name.value = "run"
    form._start.click()
    await until(lambda: "is in use" in form._said.value)
    assert "choose another name" in form._said.value
    assert "overwrite" not in form._said.value
    form._name.value = "run-3"
    assert form._said.value == ""
    [first] = form.started.children
    form._start.click()
    await until(lambda: "Run run-3 was started" in form._said.value)
    assert form.started.children[0] is first
    assert len(form.started.children) == 2
    await preview.aclose()


async def test_frames_that_were_not_looked_at_are_counted(tmp_path, wire, jobs):
    run = start_run(
        ToyEngine(0.0, seed=5, launcher="memory"),
        None,
        until=[("never", never)],
        name="run",
        n_walkers=2,
        max_steps=100,
    )
    await run
    preview = TrajectoryPreview(run).open()
    await until(lambda: said(preview))
    assert preview._sources[1].told() == preview._sources[0].told() == "11 frames"
    await preview.aclose()


def test_a_trajectory_of_no_run_has_no_restart(tmp_path):
    write_part(tmp_path / "a.trr", 0, 2)
    (source,) = sources_of([Trajectory(tmp_path / "a.trr", alanine_dipeptide())])
    assert source.spec is None


@pytest.mark.parametrize(("items", "error"), [([], ValueError), (["a.trr"], TypeError)])
def test_what_is_no_run_or_trajectory_is_refused(wire, here, items, error):
    with pytest.raises(error, match=r"run"):
        TrajectoryPreview(items)
