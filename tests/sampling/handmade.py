"""Small real trajectories for tests of functions."""

from pathlib import Path

import numpy as np

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame

GRO = "handmade\n1\n    1PAR      P    1   0.000   0.000   0.000\n   5.00000   5.00000   5.00000\n"


def trajectory(folder: Path, x: list[float], name: str = "traj") -> Trajectory:
    """One particle that is at the given places (nm), a frame each."""
    folder.mkdir(parents=True, exist_ok=True)
    structure = folder / "one.gro"
    structure.write_text(GRO)
    with (folder / f"{name}.trr").open("wb") as file:
        for step, place in enumerate(x):
            write_trr_frame(file, frame(step, place))
    return Trajectory(str(folder / f"{name}.trr"), str(structure))


def frame(step: int, place: float) -> TrrFrame:
    return TrrFrame(
        step=step * 10,
        time=float(step),
        box=np.eye(3, dtype=np.float32) * 5,
        positions=np.array([[place, 0.0, 0.0]], dtype=np.float32),
        velocities=None,
    )


def places(traj: Trajectory) -> np.ndarray:
    """The x of each frame in nm, read by hand."""
    from asyncmd_jupyter.frames.xdr import index_frames, read_trr_frame

    path = traj.paths[0]
    return np.array(
        [read_trr_frame(path, offset).positions[0, 0] for offset in index_frames(path).offsets]
    )
