"""Files that MDAnalysis would read as something else, refused before it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from asyncmd_jupyter.texts import check_encoding, is_compressed

_TEXTS = frozenset(
    {
        ".arc", ".cif", ".config", ".crd", ".crdbox", ".data", ".ent", ".gms", ".gro", ".history",
        ".in", ".inpcrd", ".itp", ".lammpsdump", ".mdcrd", ".mmcif", ".mol2", ".parm7", ".pdb",
        ".pdbqt", ".pqr", ".prmtop", ".psf", ".restrt", ".top", ".txyz", ".xml", ".xyz",
    }
)  # fmt: skip
_WAY_OUT = (
    "Write each as a file of its own, or all of them in a format with frames, such as PDB with "
    "MODEL records, or .xtc."
)


def kind_of(path: str | Path) -> str:
    """The ending of a file that says its format, in lower case: ``.gro`` of ``x.gro.gz``."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes[-2:]]
    if len(suffixes) > 1 and suffixes[-1] in (".gz", ".bz2"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def check_texts(files: Sequence[str]) -> None:
    """Refuse texts whose first line, or letters, MDAnalysis does not know.

    Raises
    ------
    ValueError
        Naming the file and the way out.
    """
    for path in map(Path, files):
        if kind_of(path) in _TEXTS and not is_compressed(path):
            check_encoding(path, "MDAnalysis")


def check_models(files: Sequence[str]) -> None:
    """Refuse files whose models would be one frame, or of which only the first would be read.

    Raises
    ------
    ValueError
        Naming the file, the number of models and the way out.
    """
    for path in map(Path, files):
        count = _MODELS.get(kind_of(path))
        if count is not None and (number := count(path)) > 1:
            raise ValueError(
                f"{path} has {number} models, of which MDAnalysis can't tell one from another in "
                f"{kind_of(path)} files. {_WAY_OUT}"
            )


def note_on_frames(files: Sequence[Path], n_frames: int) -> str:
    """What to do where a function saw fewer frames of these files than there are; or nothing."""
    if n_frames <= len(files):
        return ""
    seen_otherwise = [str(path) for path in files if kind_of(path) in (".gro", ".pdb", ".ent")]
    if not seen_otherwise:
        return ""
    return (
        f" Of {', '.join(seen_otherwise)} MDAnalysis sees one frame, if it is GRO, or if END "
        "separates the frames: convert it to .xtc with a TrajectoryConcatenator."
    )


def _model_records(path: Path) -> int:
    from MDAnalysis.lib.util import openany

    with openany(str(path), "rt") as file:
        return sum(line.split()[:1] == ["MODEL"] for line in file)


def _models_of_mmcif(path: Path) -> int:
    try:
        import gemmi
    except ImportError as error:
        raise ValueError(
            f"{path} is mmCIF, for which MDAnalysis needs a package that is not here: pip install "
            "gemmi, or convert it to PDB."
        ) from error
    return len(gemmi.read_structure(str(path)))


def _models_of_mmtf(path: Path) -> int:
    import mmtf

    return int(mmtf.parse(str(path)).num_models)


_MODELS: dict[str, Callable[[Path], int]] = {
    ".pdbqt": _model_records,
    ".pqr": _model_records,
    ".cif": _models_of_mmcif,
    ".mmcif": _models_of_mmcif,
    ".mmtf": _models_of_mmtf,
}
