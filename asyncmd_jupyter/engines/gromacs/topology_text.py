"""Whether two topologies or index files say the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

_INCLUDE = re.compile(r'#include\s+["<](.+)[">]')


def digest_of_text(file: Path) -> str:
    """Digest of a file with those that it includes, but for comments and blanks.

    Files that are not beside it are GROMACS' own and count by their names.
    """
    lines = "\n".join(_lines(file.absolute(), ()))
    return hashlib.blake2b(lines.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _lines(file: Path, including: tuple[Path, ...]) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines():
        words = " ".join(line.partition(";")[0].split())
        found = _INCLUDE.match(words)
        included = file.parent / found[1] if found else file
        if found and included.is_file() and included not in (*including, file):
            yield from _lines(included, (*including, file))
        elif words:
            yield words
