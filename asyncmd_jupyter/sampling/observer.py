"""What a propagation tells whoever watches it. All methods are optional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.sampling.states import Examination


class PropagationObserver:
    """Override what you want to hear of. The methods have to be quick."""

    def part_begins(self) -> None:
        """A part is about to be begun; an exception keeps it from that."""

    def part_started(self, part: Part) -> None:
        """A part was handed to the job manager, or taken over from another kernel."""

    def frames_written(self, part: Part, new: FrameIndex) -> None:
        """New whole frames are in the growing file of a part."""

    def examined(
        self, number: int, times: NDArray[Any], examinations: Sequence[Examination], *, live: bool
    ) -> None:
        """The conditions looked at frames of a part: new ones, or not `live` all of them."""

    def part_finished(self, number: int, trajectory: Trajectory) -> None:
        """A part with frames has ended."""
