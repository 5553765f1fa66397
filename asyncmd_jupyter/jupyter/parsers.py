"""What a command of ``%asyncmd`` is: its words, its options, and what it answers."""

from __future__ import annotations

import difflib
from argparse import SUPPRESS, Action, ArgumentTypeError
from argparse import Namespace as Arguments
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser
from IPython.utils.process import arg_split  # type: ignore[attr-defined] # as it is documented

if TYPE_CHECKING:
    from asyncmd_jupyter.jupyter.notebook import Notebook

GROUPS = ("Compute", "Watch", "Steer", "Settings")
_MISSING = "the following arguments are required: "  # argparse's words


def _never(_words: Sequence[str]) -> bool:
    return False


def always(_words: Sequence[str]) -> bool:
    """Say that a command takes time, whatever its words are."""
    return True


@dataclass(frozen=True)
class SubCommand:
    """One word after ``%asyncmd``; each has a file of its own in ``commands/``.

    Attributes
    ----------
    name : str
    summary : str
        One line.
    add_arguments : callable
        Fills a parser. What completes a value is told by its `metavar`, such as ``ENGINE``.
    answer : callable
        Gets the notebook and the arguments, and refuses at once what can't be meant; gives a
        coroutine where `awaited` says so.
    examples : tuple of str
        Whole lines or cells; the first one is shown in messages.
    group : str
        One of `GROUPS`.
    usage : str
        What follows the word, options that nobody needs aside.
    awaited : callable
        Whether the cell waits for it, while everything else goes on, from the words after it.
    only_waits : bool
        Whether it is pointless where nothing can wait.
    starts_at_once : callable
        Whether its work is under way before anything waits, so that there is nothing to say
        where nothing can, from the words after it.
    answer_cell : callable, optional
        Gets the notebook, the line and the body of a cell that begins with ``%%asyncmd``.
    notes : str
        Further paragraphs for the help.
    """

    name: str
    summary: str
    add_arguments: Callable[[MagicArgumentParser], None]
    answer: Callable[[Notebook, Arguments], Any]
    examples: tuple[str, ...]
    group: str
    usage: str = ""
    awaited: Callable[[Sequence[str]], bool] = _never
    only_waits: bool = False
    starts_at_once: Callable[[Sequence[str]], bool] = _never
    answer_cell: Callable[[Notebook, str, str], Any] | None = None
    notes: str = ""

    def parser(self) -> Parser:
        """Make the parser of the words after this one."""
        parser = Parser(self)
        self.add_arguments(parser)
        parser.add_argument("-h", "--help", action="store_true", help="Show this text.")
        return parser

    def read(self, line: str) -> Arguments:
        """Read the words after this one."""
        return self.parser().read(split(line))


class Parser(MagicArgumentParser):
    """Reads words; what is wrong becomes one line with the nearest option."""

    def __init__(self, command: SubCommand) -> None:
        self.command = command
        super().__init__(  # type: ignore[no-untyped-call]
            prog=f"asyncmd {command.name}",
            description=command.summary,
            usage=f"asyncmd {command.name} {command.usage} [options]".replace("  ", " "),
            epilog=f"Example: {command.examples[0]}",
        )
        # A beginning that is unique today would mean something else tomorrow.
        self.allow_abbrev = False

    def read(self, words: Sequence[str]) -> Arguments:
        """Read all words.

        Raises
        ------
        UsageError
        """
        arguments, rest = self.parse_known_args(list(words))
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}{self._near(rest)}")
        return arguments

    def read_given(self, words: Sequence[str]) -> dict[str, Any]:
        """Read all words, and give only what they say."""
        for action in self._actions:
            action.default = SUPPRESS
        return vars(self.read(words))

    def error(self, message: str) -> NoReturn:
        """Raise what a cell shows in one line."""
        missing = message.removeprefix(_MISSING)
        if missing != message:
            name, example = self.command.name, self.command.examples[0]
            raise UsageError(f"%asyncmd {name} needs {missing}, as in: {example}")
        raise UsageError(f"{message} (see '%asyncmd {self.command.name} --help')")

    def rivals(self, name: str) -> set[str]:
        """List what can't be given together with an argument."""
        groups = [
            {action.dest for action in group._group_actions}
            for group in self._mutually_exclusive_groups
        ]
        return {rival for group in groups if name in group for rival in group} - {name}

    def _near(self, rest: Sequence[str]) -> str:
        wrong = next((word.partition("=")[0] for word in rest if word.startswith("-")), "")
        near = difflib.get_close_matches(wrong, option_names(self.command), 1, 0.6)
        return f"; did you mean {near[0]!r}?" if near else ""


def split(line: str) -> list[str]:
    """Split a line into words; quotes stay.

    Raises
    ------
    UsageError
        For a quote without its other half.
    """
    try:
        return arg_split(line)
    except ValueError as error:
        raise UsageError(f"{line.strip()!r} can't be read: {error}.") from error


def unquoted(text: str) -> str:
    """Take the quotes off a word."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def options(command: SubCommand) -> dict[str, Action]:
    """List the options of a command by all of their names."""
    actions = command.parser()._actions
    return {name: action for action in actions for name in action.option_strings}


def positionals(command: SubCommand) -> list[Action]:
    """List what a command takes without the name of an option."""
    return [action for action in command.parser()._actions if not action.option_strings]


def option_names(command: SubCommand) -> list[str]:
    """List the options of a command, the long forms only where there are both."""
    actions = command.parser()._actions
    return [max(a.option_strings, key=len) for a in actions if a.option_strings]


def command_help(command: SubCommand) -> str:
    """Write the help of one command."""
    text = command.parser().format_help().replace("::\n\n  %", "%", 1).strip()
    more = [example for example in command.examples[1:]]
    parts = [text, *([command.notes.strip()] if command.notes else []), *_indented(more)]
    return "\n\n".join(parts)


def _indented(examples: Sequence[str]) -> list[str]:
    return ["\n".join(f"  {line}" for line in example.splitlines()) for example in examples]


# Kinds of values


def whole_number(text: str) -> int:
    """Read a whole number, also written as 1e6 or 1_000_000."""
    with suppress(ValueError, OverflowError):
        value = float(text)
        if value == int(value):
            return int(value)
    raise ArgumentTypeError(f"{text!r} is no whole number")


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no number") from None


def variable(text: str) -> str:
    """Read the name of a variable."""
    if not text.isidentifier():
        raise ArgumentTypeError(f"{text!r} can't be the name of a variable")
    return text


@dataclass(frozen=True)
class OneOf:
    """Reads one of some words.

    Attributes
    ----------
    words : tuple of str
    """

    words: tuple[str, ...]

    def __call__(self, text: str) -> str:
        """Read it."""
        if text not in self.words:
            near = difflib.get_close_matches(text, self.words, 1, 0.6)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ArgumentTypeError(f"{text!r} is none of {', '.join(self.words)}{hint}")
        return text


def add_output(parser: Any, what: str) -> None:
    """Add the option that gives what a command has made a name."""
    parser.add_argument("-o", "--output", dest="output", metavar="VAR", type=variable,
                        help=f"Variable that gets {what}.")  # fmt: skip
