"""Names that go everywhere, and texts of others in a terminal."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import DollarFormatter

from asyncmd_jupyter.names import check_name, escaped, is_name

ASCII = [chr(code) for code in range(128)]


@pytest.mark.parametrize("name", ["a", "first", "0", "prod-1.b_2", "A" * 100])
def test_names(name):
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "-a", ".a", "_a", "a b", "a/b", "a\n", "é", "{a}", "$a", "'", None, 1]
)
def test_no_names(name):
    assert not is_name(name)
    with pytest.raises(ValueError, match="letters, digits"):
        check_name(name)


def test_ipython_takes_a_name_for_what_it_is():
    """It evaluates what stands in braces, and puts in what is called after a dollar sign."""
    kept = "".join(letter for letter in ASCII if is_name(f"a{letter}"))
    name = f"a{kept}a"
    assert is_name(name)
    assert DollarFormatter().vformat(name, (), {}) == name
    shell = InteractiveShell()
    assert shell.transform_cell(f"%asyncmd attach --only {name}") == (
        f"get_ipython().run_line_magic('asyncmd', 'attach --only {name}')\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10\u202fps, 5\u00a0ns", "10\u202fps, 5\u00a0ns"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("all is well\rFAILED", "all is well\\rFAILED"),
        ("abc\u202ecba\u2066", "abc\\u202ecba\\u2066"),
        ("\x9b2J\u2028", "\\x9b2J\\u2028"),
        ("\udcff\U000e0001", "\\udcff\\U000e0001"),
        ("a\n\tb", "a\\n\\tb"),
    ],
)
def test_a_terminal_obeys_nothing(text, shown):
    assert escaped(text) == shown


def test_lines_and_tabs_are_kept_where_there_may_be_several():
    assert escaped("a\n\tb\r", lines=True) == "a\n\tb\\r"
