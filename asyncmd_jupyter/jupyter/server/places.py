"""Where things are, as seen from the folder that the server shows."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import PurePath


class Places:
    """Turns paths into those of the file browser.

    Parameters
    ----------
    root : str
        Folder that the server shows; nothing is below it if this is empty.
    """

    def __init__(self, root: str) -> None:
        self._roots = [PurePath(each) for each in dict.fromkeys([root, _real(root)]) if root]
        self._cached = lru_cache(4096)(self._below_root)

    def below_root(self, path: str) -> str | None:
        """The path relative to the root; None if it lies outside."""
        return self._cached(path)

    def notebook(self, path: str) -> str:
        """A notebook relative to the root; empty if it lies outside or is none."""
        if not path.endswith(".ipynb"):
            return ""
        return self.below_root(path) or ""

    def _below_root(self, path: str) -> str | None:
        if not os.path.isabs(path):  # noqa: PTH117
            return None
        for candidate in (PurePath(os.path.normpath(path)), PurePath(_real(path))):
            for root in self._roots:
                if candidate.is_relative_to(root):
                    found = candidate.relative_to(root).as_posix()
                    return "" if found == "." else found
        return None


def _real(path: str) -> str:
    return os.path.realpath(path)
