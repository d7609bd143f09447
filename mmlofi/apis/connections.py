"""What a connection tells without being read, and how one ends whose client is still sending."""
from __future__ import annotations

import contextlib
import select
import socket
import time

from mmlofi.apis.uploads import PIECE_BYTES


def has_hung_up(connection: socket.socket) -> bool:
    """Whether the other side waits for nothing any more."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def linger(connection: socket.socket, most_sec: float) -> None:
    """Lets a client that is still sending read why it was refused: to close at once would reset the
    connection, and what it has received with it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(most_sec)
        end = time.monotonic() + most_sec
        while time.monotonic() < end and connection.recv(PIECE_BYTES):
            pass
