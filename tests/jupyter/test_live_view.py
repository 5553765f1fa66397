import asyncio
import logging
import time

import pytest

from asyncmd_jupyter.jupyter.views import Views
from asyncmd_jupyter.jupyter.widgets import shown
from asyncmd_jupyter.jupyter.widgets.base import WIDGET_MIME, LiveView
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget


class Tick:
    pass


class Counter(LiveView):
    kinds = (Tick,)

    def __init__(self, events, widget=None):
        super().__init__(events)
        self.drawn = []
        self.shown_errors = []
        self.fails = False
        self.over = False
        self.takes = 0.0
        self._widget = widget
        self.refreshed = asyncio.Event()

    @property
    def widget(self):
        return self._widget

    def is_final(self):
        return self.over

    async def refresh(self):
        self.refreshed.set()
        self.drawn.append(time.monotonic())
        await asyncio.sleep(self.takes)
        if self.fails:
            raise ValueError("no ink")

    def text(self):
        return f"drawn {len(self.drawn)} times"

    def html(self):
        return f"<p>{self.text()}</p>"

    def show_error(self, message):
        self.shown_errors.append(message)


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


async def test_many_events_are_drawn_at_most_four_times_a_second(here):
    view = Counter(here.events).open()
    begin = time.monotonic()
    while len(view.drawn) < 4:
        here.events.publish(Tick())
        await asyncio.sleep(0.002)
    gaps = [b - a for a, b in zip(view.drawn, view.drawn[1:], strict=False)]
    await view.aclose()
    assert min(gaps) >= 0.25 - 0.02
    assert time.monotonic() - begin >= 0.7


async def test_slow_drawing_takes_a_fifth_of_the_time_at_most(here):
    view = Counter(here.events).open()
    view.takes = 0.1
    while len(view.drawn) < 3:
        here.events.publish(Tick())
        await asyncio.sleep(0.005)
    await view.aclose()
    assert view.drawn[2] - view.drawn[1] >= 0.48


async def test_nothing_is_drawn_without_an_event(here):
    view = Counter(here.events).open()
    await until(lambda: view.drawn)
    await asyncio.sleep(0.6)
    assert len(view.drawn) == 1
    await view.aclose()


async def test_an_error_is_logged_once_shown_and_forgotten(here, caplog):
    view = Counter(here.events)
    view.fails = True
    with caplog.at_level(logging.ERROR):
        view.open()
        await until(lambda: len(view.drawn) == 1)
        here.events.publish(Tick())
        await until(lambda: len(view.drawn) == 2)
    assert view.shown_errors[0] == "ValueError: no ink"
    assert len([r for r in caplog.records if "Counter" in r.getMessage()]) == 1
    view.fails = False
    here.events.publish(Tick())
    await until(lambda: view.error == "" and view.shown_errors[-1] == "")
    await view.aclose()


async def test_the_last_state_is_drawn_and_then_following_ends(here):
    view = Counter(here.events).open()
    await until(lambda: view.drawn)
    view.over = True
    here.events.publish(Tick())
    await view.closed()
    assert len(view.drawn) == 2
    assert not here.events._handlers


async def test_closing_twice_and_before_opening_is_harmless(here):
    view = Counter(here.events)
    view.close()
    view.open()
    view.open()
    await view.aclose()
    view.close()
    assert not here.events._handlers


async def test_events_may_come_from_threads(here):
    view = Counter(here.events).open()
    await until(lambda: view.drawn)
    await asyncio.to_thread(here.events.publish, Tick())
    await until(lambda: len(view.drawn) == 2)
    await view.aclose()


def test_without_a_loop_the_view_is_a_still_picture(here, wire):
    import ipywidgets

    bundle = Counter(here.events, ipywidgets.HTML())._repr_mimebundle_()
    assert bundle["text/plain"] == "drawn 0 times"
    assert bundle["text/html"] == "<p>drawn 0 times</p>"
    assert bundle[WIDGET_MIME]["model_id"]


class Page:
    """The notebook's outputs as a program that executes cells keeps them."""

    def __init__(self, monkeypatch):
        self.outputs = {}
        self.n_published = 0
        monkeypatch.setattr(shown, "publish", self.publish)

    def publish(self, bundle, display_id, update=False):
        self.n_published += 1
        self.outputs[display_id] = bundle

    @property
    def only(self):
        [bundle] = self.outputs.values()
        return bundle


@pytest.fixture
def page(monkeypatch):
    return Page(monkeypatch)


async def test_without_a_page_the_end_is_saved_without_the_widget(here, wire, page):
    view = Counter(here.events, FigureWidget())
    view.show()
    assert page.only[WIDGET_MIME]["model_id"] == view.widget.model_id
    view.over = True
    view.mark_dirty()
    await view.closed()
    assert page.only == {"text/plain": view.text(), "text/html": view.html()}
    view.widget.observe(lambda _: view.page_came(), "in_page")
    view.widget.in_page = True
    assert page.only["text/plain"] == view.text()
    assert page.only[WIDGET_MIME]["model_id"] == view.widget.model_id


async def test_on_a_page_the_end_is_saved_with_the_widget(here, wire, page):
    view = Counter(here.events, FigureWidget(in_page=True))
    view.show()
    view.over = True
    view.mark_dirty()
    await view.closed()
    assert page.only["text/plain"] == view.text()
    assert WIDGET_MIME in page.only


async def test_only_what_a_page_has_drawn_is_taken_away_in_between(here, wire, page):
    class Settled(Counter):
        is_settled = True

    for kind, n_published in ((Counter, 2), (Settled, 3)):
        page.n_published = 0
        view = kind(here.events, FigureWidget(in_page=True))
        view.show()
        view.save()
        assert page.n_published == n_published
        await view.aclose()


async def test_cells_save_how_far_views_are_where_there_is_no_page(here, wire, page):
    view = Counter(here.events, FigureWidget())
    views = Views.current()
    views.add(view)
    view.show()
    await until(lambda: view.drawn)
    views.save()
    assert page.n_published == 1, "the cell that showed it has just published it"
    views.save()
    assert page.only == {"text/plain": "drawn 1 times", "text/html": "<p>drawn 1 times</p>"}
    view.widget.in_page = True
    n_published = page.n_published
    views.save()
    assert page.n_published == n_published
    await view.aclose()


async def test_a_button_that_is_answered_in_another_thread_works_in_the_views_loop(here):
    """JupyterLab can have its messages handled in a subshell, which has a loop of its own."""
    view = Counter(here.events).open()
    where = asyncio.get_running_loop().create_future()

    async def work():
        where.set_result(asyncio.get_running_loop())

    async def other_loop():
        view.run_in_background(work())

    await asyncio.to_thread(asyncio.run, other_loop())
    assert await where is asyncio.get_running_loop()
    await view.aclose()


async def test_what_is_asked_for_during_the_last_refresh_is_done(here):
    view = Counter(here.events)
    view.over, view.takes = True, 0.1
    view.open()
    await view.refreshed.wait()
    view.mark_dirty()
    await view.closed()
    assert len(view.drawn) == 2
