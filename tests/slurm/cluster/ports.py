"""Free ports, kept from others until the daemon takes them."""

from __future__ import annotations

import random
import socket

# Below what the kernel gives to outgoing connections, who would take a port at any moment.
CANDIDATES = range(20_000, 32_000)


class ReservedPort:
    """A port on loopback that nobody else can have before `release`."""

    def __init__(self) -> None:
        self._socket, self.number = _bound()

    def release(self) -> None:
        """Let the daemon take the port."""
        self._socket.close()


def _bound() -> tuple[socket.socket, int]:
    for number in random.sample(CANDIDATES, k=1000):
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", number))
        except OSError:
            candidate.close()
        else:
            return candidate, number
    raise OSError(f"None of 1000 ports tried between {CANDIDATES[0]} and {CANDIDATES[-1]} is free.")
