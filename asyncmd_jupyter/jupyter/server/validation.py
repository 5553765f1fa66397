"""What a request may say: everything that is not on these lists is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from tornado.web import HTTPError

OTHERS_PREFIX = "slurm:"
VERBS = ("cancel", "hold", "release", "requeue")
STREAMS = ("stdout", "stderr")
MOST_IDS = 1000
MOST_LINES = 2000

_ID = re.compile(r"[a-z0-9]{4,32}|slurm:[1-9][0-9]{0,9}(?:_[0-9]{1,9})?")
_NUMBER = re.compile(r"[0-9]{1,4}")
_MOST_BYTES = 64 * 1024
_MOST_QUOTED = 60


class RefusedError(HTTPError):
    """An answer that says what is wrong with a request.

    Parameters
    ----------
    status : int
        Code of HTTP.
    message : str
        A sentence; it must hold nothing that the user may not know.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.message = message


def checked_id(text: str) -> str:
    """The id of a job, ours or ``slurm:12_3``."""
    if _ID.fullmatch(text) is None:
        raise RefusedError(400, f"{quoted(text)} is no id of a job.")
    return text


def checked_ids(body: bytes) -> list[str]:
    """The ids in the body of a request, each once."""
    return list(dict.fromkeys(map(checked_id, _ids(body))))


def _ids(body: bytes) -> list[str]:
    if len(body) > _MOST_BYTES:
        raise RefusedError(413, f"The request is longer than {_MOST_BYTES} bytes.")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "The body of the request is no JSON.") from None
    ids = content.get("ids") if isinstance(content, dict) and set(content) == {"ids"} else None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise RefusedError(400, 'The body of the request must be {"ids": ["…", …]}.')
    if not 1 <= len(ids) <= MOST_IDS:
        raise RefusedError(400, f"{len(ids)} ids were given; 1 to {MOST_IDS} are possible.")
    return ids


def checked_keys(body: bytes) -> list[str]:
    """The keys of runs in the body of a request, each once; they are paths, so any text may be."""
    return list(dict.fromkeys(_ids(body)))


def checked_flag(name: str, values: Sequence[str]) -> bool:
    """``0`` or ``1``; 0 where nothing is said."""
    return checked_word(name, values or ["0"], ("0", "1")) == "1"


def checked_word(name: str, values: Sequence[str], allowed: Sequence[str]) -> str:
    """One of the allowed words; the first of them where nothing is said."""
    word = values[0] if values else allowed[0]
    if len(values) > 1 or word not in allowed:
        raise RefusedError(400, f"{name} must be one of {', '.join(allowed)}.")
    return word


def checked_lines(values: Sequence[str]) -> int:
    """How many lines of a log are wanted."""
    text = values[0] if values else "200"
    number = int(text) if _NUMBER.fullmatch(text) and text.isascii() else 0
    if len(values) > 1 or not 1 <= number <= MOST_LINES:
        raise RefusedError(400, f"lines must be a whole number from 1 to {MOST_LINES}.")
    return number


def quoted(text: str) -> str:
    """What somebody sent, short and in one line."""
    return ascii(text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}...")
