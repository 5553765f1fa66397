"""The page about the magics says what the parsers say."""

from pathlib import Path

import pytest

from asyncmd_jupyter.jupyter.campaign import read_body
from asyncmd_jupyter.jupyter.magics_page import page
from asyncmd_jupyter.jupyter.parsers import split
from asyncmd_jupyter.jupyter.registry import command_named, commands

PAGE = Path(__file__).parents[2] / "docs" / "magics.md"
EXAMPLES = [example for command in commands() for example in command.examples]


def test_the_page_is_what_the_parsers_say():
    # Written anew by: python -m asyncmd_jupyter.jupyter.magics_page
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_can_be_read(example):
    assert example in PAGE.read_text(encoding="utf-8")
    first, _, text = example.partition("\n")
    magic, word, rest = first.split(" ", 2) if first.count(" ") > 1 else (*first.split(" "), "")
    command = command_named(word)
    if magic == "%asyncmd":
        command.read(rest)
        return
    assert magic == "%%asyncmd"
    body = read_body(text)
    assert command.parser().read_given(split(rest))
    assert body.code or [command.parser().read_given(split(line)) for _, line in body.lines]
