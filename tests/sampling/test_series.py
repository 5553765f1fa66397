"""The books of a walker that goes on for days."""

from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from asyncmd_jupyter.sampling.series import Column, SeriesBook
from asyncmd_jupyter.sampling.states import Examination


def say(*flags: bool) -> list[Examination]:
    return [Examination(np.array(flags), {})]


@given(st.lists(st.lists(st.floats(allow_nan=False), max_size=100), max_size=20))
def test_a_column_holds_what_was_appended(pieces):
    column = Column(np.float64)
    for piece in pieces:
        column.append(np.array(piece))
    assert column.values.tolist() == [value for piece in pieces for value in piece]


def test_views_handed_out_never_change():
    column = Column(np.int64)
    column.append(np.arange(10))
    before = column.values
    for _ in range(100):
        column.append(np.arange(10))
    assert before.tolist() == list(range(10))


def test_the_whole_part_takes_the_place_of_live_looks():
    book = SeriesBook(["c"], [])
    book.examined(1, np.array([0.0, 1.0]), say(False, True), live=True)
    book.examined(1, np.array([2.0]), say(True), live=True)
    assert book.series().fulfilled["c"].tolist() == [False, True, True]
    book.examined(1, np.array([0.0, 1.0]), say(False, False), live=False)
    book.examined(2, np.array([2.0]), say(True), live=True)
    series = book.series()
    assert series.fulfilled["c"].tolist() == [False, False, True]
    assert series.parts.tolist() == [1, 1, 2]


def test_many_small_looks_cost_no_more_than_their_values():
    book = SeriesBook(["c"], [])
    n = 20_000
    tracemalloc.start()
    for i in range(n):
        book.examined(1, np.array([float(i)]), say(False), live=True)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    values = n * (8 + 1)
    assert size < 4 * values
