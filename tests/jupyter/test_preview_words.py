"""What a preview says of walkers without frames."""

from pretend import PretendRun

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.widgets.sources import WalkerSource
from asyncmd_jupyter.sampling.progress import RunState


def test_a_run_that_ended_before_its_first_frame():
    run = PretendRun(EventBus())
    source = WalkerSource(run, 0, "walker 0")
    assert source.told() == "0 frames"
    run.change(state=RunState.FAILED)
    assert source.told() == "the run ended before its first frame"
