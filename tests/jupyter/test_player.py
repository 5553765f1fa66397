"""The controls of a preview: what they are called, and the frames that they keep to."""

from asyncmd_jupyter.jupyter.widgets.player import Player


def test_the_button_that_repeats_is_called_a_loop():
    assert Player(["one"], lambda: None)._loop.tooltip.startswith("Loop: ")


def test_a_page_that_knows_more_frames_gets_the_last_one():
    chosen = []
    player = Player(["one"], lambda: chosen.append(player.frame))
    player.frames_grew(10)
    player._slider._on_page_message(None, {"page": {"value": 99}}, [])
    assert player.frame == 9
    player._slider._on_page_message(None, {"page": {"value": 4}}, [])
    assert (player.frame, chosen[-1]) == (4, 4)
    player.frames_grew(3)
    assert player.frame == 2


def test_handle_and_frame_never_differ():
    """A page moves the slider from a thread of its own, also while new frames are counted."""
    chosen = []
    player = Player(["one"], lambda: chosen.append(player.frame))
    player.frames_grew(715)
    assert (player.frame, chosen) == (714, [])

    def move(_change):
        player._slider._on_page_message(None, {"page": {"value": 0}}, [])

    player._slider.observe(move, "max")
    player.frames_grew(800)
    assert (player.frame, chosen) == (0, [0])
    assert not player.is_following
    player._newest.value = True
    assert (player.frame, chosen[-1]) == (799, 799)
