"""Text files as people have them: with byte order marks, compressed, in older encodings."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_MARKS = (  # the longer ones first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMPRESSED: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.decompress),
    (b"BZh", "bzip2", bz2.decompress),
    (b"\xfd7zXZ\0", "xz", lzma.decompress),
)
_CHUNK = 2**24
COMPRESSED_ENDINGS = (".gz", ".bz2", ".xz")


def read_text(path: Path) -> str:
    """The text of a file, decompressed, without a byte order mark, lines end as here.

    What is not UTF-8 is taken for Latin-1, in which any bytes are a text: names of people in
    remarks are what it is for.

    Raises
    ------
    ValueError
        Naming the file, if it is damaged or no text.
    """
    content = path.read_bytes()
    try:
        for magic, _, decompress in _COMPRESSED:
            if content.startswith(magic):
                content = decompress(content)
        text = _decoded(content)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise ValueError(f"{path} can't be read as a text: {error}") from error
    if "\0" in text:
        raise ValueError(f"{path} is not a text file: there are zero bytes in it.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str:
    try:
        return without_mark(content).decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def without_mark(content: bytes) -> bytes:
    """The bytes of a text without its byte order mark, as UTF-8 where that says they are not."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding).encode("utf-8")
    return content


def check_first_bytes(path: Path, reader: str) -> None:
    """Refuse a file whose first line would be read as another one, or not at all.

    Parameters
    ----------
    path : Path
    reader : str
        What can't read it, in words.

    Raises
    ------
    ValueError
        Naming file and way out, for a byte order mark.
    """
    with path.open("rb") as file:
        first = file.read(4)
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            name = encoding.removesuffix("-sig").upper()
            raise ValueError(
                f"{path} begins with the byte order mark of {name}, with which {reader} can't read "
                f"its first line. Save it as UTF-8 without this mark: {_without(path, encoding)}"
            )


def check_encoding(path: Path, reader: str) -> None:
    """Refuse a text file that is not UTF-8, or begins with a byte order mark.

    In the first line of a GRO file, which is a title, that of UTF-8 may stand.

    Raises
    ------
    ValueError
        Naming file, line and way out.
    """
    if not (path.suffix.lower() == ".gro" and is_utf8_with_mark(path)):
        check_first_bytes(path, reader)
    decoder, lines = codecs.getincrementaldecoder("utf-8")(), 1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                before = max(0, error.start - waiting)
                line = lines + chunk.count(b"\n", 0, before)
                raise ValueError(
                    f"{path}, line {line}: byte "
                    f"0x{chunk[before]:02x} is not UTF-8, so {reader} can't read the file. Convert "
                    f"it: iconv -f latin1 -t utf-8 {path.name} > new_{path.name}"
                ) from None
            lines += chunk.count(b"\n")


def is_compressed(path: Path) -> bool:
    """Whether a file is gzip, bzip2 or xz, whatever it is called."""
    with path.open("rb") as file:
        first = file.read(6)
    return any(first.startswith(magic) for magic, *_ in _COMPRESSED)


def is_utf8_with_mark(path: Path) -> bool:
    """Whether a file begins with the byte order mark of UTF-8."""
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """Give a file of the same text that any library can open: the file itself, if it can be.

    Otherwise it is a copy, uncompressed UTF-8 without a byte order mark, which is removed when
    the block ends. Binary files are given as they are.
    """
    if not is_compressed(path) and _is_plain(path):
        yield path
        return
    name = path.stem if path.suffix in COMPRESSED_ENDINGS else path.name
    with temporary_file(name, read_text(path)) as copy:
        yield copy


@contextmanager
def temporary_file(name: str, text: str) -> Iterator[Path]:
    """Give a file of this name with a text, for libraries that read from paths only."""
    with TemporaryDirectory(prefix="asyncmd-") as folder:
        file = Path(folder, name)
        file.write_text(text, encoding="utf-8")
        yield file


def _is_plain(path: Path) -> bool:
    content = path.read_bytes()
    if content.startswith(tuple(mark for mark, _ in _MARKS)):
        return False
    if b"\0" in content:  # binary
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\r" not in content.replace(b"\r\n", b"")  # the end of lines of old Macs


def _without(path: Path, encoding: str) -> str:
    if encoding == "utf-8-sig":
        return f"tail -c +4 {path.name} > new_{path.name}"
    return f"iconv -f {encoding} -t utf-8 {path.name} > new_{path.name}"
