"""One poll for all pages, and none while nobody listens."""

import asyncio
import json

import pytest

from asyncmd_jupyter.jupyter.server.board import Board
from asyncmd_jupyter.jupyter.server.poll import SharedPoll
from asyncmd_jupyter.jupyter.server.wire import event


class World:
    """What a look finds; counts looks, and how many there are at once."""

    def __init__(self):
        self.jobs = {"a": '{"id":"a"}'}
        self.looks, self.at_once, self.most_at_once = 0, 0, 0
        self.wanted = []
        self.error = None
        self._board = Board()

    async def look(self, others):
        self.looks += 1
        self.wanted.append(others)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.005)
        self.at_once -= 1
        if self.error:
            raise self.error
        if self._board.jobs != self.jobs:
            self._board = Board(jobs=dict(self.jobs), others={"slurm:1": '{"id":"slurm:1"}'})
        return self._board


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def poll(world):
    poll = SharedPoll(world.look, interval=0.02)
    yield poll
    await poll.close()
    assert not poll.is_running


class Page:
    """Reads what one page is told."""

    def __init__(self, poll, *, others=False, keep_alive=60.0):
        self.listener = poll.listen(others=others)
        self._messages = self.listener.messages(keep_alive)

    async def next(self):
        return await anext(self._messages)

    async def next_event(self):
        name, data = (await self.next()).strip().split("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def rest(self):
        return [message async for message in self._messages]


async def test_many_pages_share_one_look_at_a_time(poll, world):
    pages = [Page(poll) for _ in range(20)]
    for page in pages:
        assert (await page.next_event())[0] == "snapshot"
    began = world.looks
    world.jobs["b"] = '{"id":"b"}'
    for page in pages:
        assert (await page.next_event())[1]["jobs"] == [{"id": "b"}]
    assert world.most_at_once == 1
    assert world.looks - began < len(pages)


async def test_no_look_while_nobody_listens(poll, world):
    page = Page(poll)
    await page.next()
    page.listener.close()
    while poll.is_running:
        await asyncio.sleep(0)
    looks = world.looks
    await asyncio.sleep(0.1)
    assert world.looks == looks
    again = Page(poll)
    assert poll.is_running
    assert (await again.next_event())[0] == "snapshot"


async def test_one_page_that_leaves_does_not_end_the_poll(poll, world):
    leaving, staying = Page(poll), Page(poll)
    await leaving.next()
    await staying.next()
    leaving.listener.close()
    world.jobs = {}
    assert (await staying.next_event())[1]["gone"] == ["a"]
    assert await leaving.rest() == []


async def test_requests_without_a_page_share_what_was_just_seen(poll, world):
    boards = await asyncio.gather(*(poll.board(others=False) for _ in range(10)))
    assert len({id(board) for board in boards}) == 1
    assert world.looks == 1
    await poll.board(others=True)
    assert world.wanted == [False, True]
    poll.wake()
    await poll.board(others=False)
    assert world.looks == 3


async def test_a_page_that_reads_slowly_gets_all_changes_in_one(poll, world):
    page = Page(poll)
    await page.next()
    for text in ("1", "2", "3"):
        world.jobs = {"a": f'{{"id":"a","n":{text}}}'}
        while poll.newest.jobs != world.jobs:
            await asyncio.sleep(0.001)
    assert (await page.next_event())[1]["jobs"] == [{"id": "a", "n": 3}]


async def test_only_those_who_want_them_see_jobs_of_others(poll, world):
    with_others, without = Page(poll, others=True), Page(poll)
    assert [job["id"] for job in (await with_others.next_event())[1]["jobs"]] == ["a", "slurm:1"]
    assert [job["id"] for job in (await without.next_event())[1]["jobs"]] == ["a"]
    assert True in world.wanted


async def test_a_silent_stream_says_that_it_lives(poll):
    page = Page(poll, keep_alive=0.01)
    await page.next()
    assert await page.next() == ": alive\n\n"
    assert await page.next() == ": alive\n\n"


async def test_a_look_that_fails_is_said_and_tried_again(poll, world, caplog):
    page = Page(poll)
    await page.next()
    world.error = OSError("secret")
    name, change = await page.next_event()
    assert (name, len(change["problems"])) == ("change", 1)
    assert "secret" not in change["problems"][0]
    assert "secret" in caplog.text, "the log of the server says it"
    assert change["gone"] == [], "what was known stays"
    world.error = None
    assert (await page.next_event())[1]["problems"] == []


async def test_the_end_of_the_server_ends_streams(poll):
    page = Page(poll)
    await page.next()
    reading = asyncio.create_task(page.rest())
    await asyncio.sleep(0)
    await poll.close()
    assert await reading == []


def test_a_change_holds_only_what_differs():
    old = Board(jobs={"a": '"a1"', "b": '"b1"', "c": '"c"'}, runs={"r": '"r1"'})
    new = Board(jobs={"a": '"a1"', "b": '"b2"', "d": '"d"'}, runs={}, queue_problem="x")
    change = json.loads(new.change_since(old, others=False))
    assert (change["jobs"], change["gone"]) == (["b2", "d"], ["c"])
    assert (change["runs"], change["gone_runs"]) == ([], ["r"])
    assert change["queue_problem"] == "x"
    assert new.change_since(new, others=True) is None


def test_an_event_is_two_lines_whatever_texts_hold():
    board = Board(problems=("a\nb\r\n\ndata: x  ",))
    text = event("snapshot", board.snapshot(others=True))
    assert len(text.splitlines()) == 3
    assert json.loads(text.splitlines()[1].removeprefix("data: "))["problems"] == list(
        board.problems
    )
