"""What a preview says of walkers without frames."""

from pretend import PretendRun

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.widgets.preview_words import shown_together
from asyncmd_jupyter.jupyter.widgets.sources import WalkerSource
from asyncmd_jupyter.sampling.progress import RunState


def test_a_run_that_ended_before_its_first_frame():
    run = PretendRun(EventBus())
    source = WalkerSource(run, 0, "walker 0")
    assert source.told() == "0 frames"
    run.change(state=RunState.FAILED)
    assert source.told() == "the run ended before its first frame"


def test_walkers_with_fewer_frames_are_told_apart():
    assert shown_together([1.4, 1.4], [7, 7]) == "1.40 ps, frame 7 of 2 walkers"
    said = shown_together([1.4, 0.8, 9.0], [7, 3, 4])
    assert said == "1.40 ps, frame 7 of 1 walker; 2 with fewer at the last frame"
