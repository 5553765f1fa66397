"""Beginnings and ends of files, and the lines around a place: whatever stands in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import open_regular

HEAD_BYTES = 16 * 1024
TAIL_BYTES = 64 * 1024
GAP = "[…]"
_BEFORE, _AFTER, _MOST = 3, 4, 12
_WIDEST = 300
_LONGEST = 1000
# What expressions take for a line, or for empty ones, grows with the square of their number.
_EMPTY_LINES = re.compile(r"\n{4,}")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")


def read_ends(path: Path) -> str:
    """The beginning and the end of a file; nothing if there is none or it is no plain file."""
    try:
        descriptor = open_regular(path)
    except (OSError, ForeignFileError):
        return ""
    try:
        return _ends_of(descriptor)
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _ends_of(descriptor: int) -> str:
    status = os.fstat(descriptor)
    if status.st_size <= HEAD_BYTES + TAIL_BYTES:
        return _plain(os.pread(descriptor, HEAD_BYTES + TAIL_BYTES, 0))
    head = os.pread(descriptor, HEAD_BYTES, 0)
    tail = os.pread(descriptor, TAIL_BYTES, status.st_size - TAIL_BYTES)
    return f"{_plain(head)}\n{GAP}\n{_plain(tail)}"


def _plain(content: bytes) -> str:
    return plain(content.decode("utf-8", errors="replace"))


def plain(text: str) -> str:
    """Text that can be searched and shown: no colours, no endless lines, letters only."""
    if len(text) > HEAD_BYTES + TAIL_BYTES:
        text = f"{text[:HEAD_BYTES]}\n{GAP}\n{text[-TAIL_BYTES:]}"
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(_printable(_shortened(line)).rstrip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n\n", text)


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else " " for letter in line)


def last_lines(text: str, number: int) -> tuple[str, ...]:
    """The last lines that are not empty."""
    filled = [line.rstrip()[:_WIDEST] for line in text.split("\n") if line.strip()]
    return tuple(filled[-number:])


def all_lines(texts: Iterable[str]) -> tuple[str, ...]:
    """The lines of several places, each place only once, as many as can be taken in."""
    lines = (line.rstrip()[:_WIDEST] for text in dict.fromkeys(texts) for line in text.split("\n"))
    return tuple(line for line in lines if line)[:_MOST]


def lines_around(text: str, start: int, end: int) -> tuple[str, ...]:
    """The lines of a place with their neighbours up to the next empty ones."""
    first = text.count("\n", 0, start)
    last = first + text.count("\n", start, max(start, end - 1))
    lines = text.split("\n")
    begin, over = first, last + 1
    while begin > max(0, first - _BEFORE) and _is_near(lines[begin - 1]):
        begin -= 1
    while over < min(len(lines), last + 1 + _AFTER) and _is_near(lines[over]):
        over += 1
    found = [line.rstrip()[:_WIDEST] for line in lines[begin:over] if line.strip()]
    return tuple(found[-_MOST:])


def _is_near(line: str) -> bool:
    return bool(line.strip()) and line != GAP
