"""Bodies of requests that are videos: how large they may be, and their way into a file."""
from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import BinaryIO

PIECE_BYTES = 2**20      # of a body, in memory at a time
LEAST_RATE = 10_000      # bytes a second of a body, after the patience for silence


class Refused(Exception):
    """A request that is answered with a reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def body_bytes(content_length: str | None, most: int) -> int:
    """The size of a body, by its header.

    Raises:
        Refused: For none, no number, nothing, or more than `most`.
    """
    if content_length is None:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, 'got no Content-Length; expected the bytes '
                      'of the video: send a file (curl --data-binary @video.mp4), no stream')
    if not re.fullmatch('[0-9]{1,18}', content_length):
        raise Refused(HTTPStatus.BAD_REQUEST, f'got Content-Length {content_length[:40]!r}; '
                      'expected the bytes of the video, a whole number')
    if int(content_length) > most:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f'got a body of {content_length} '
                      f'bytes; expected at most {most}: send a smaller copy of the video')
    if int(content_length) == 0:
        raise Refused(HTTPStatus.BAD_REQUEST, 'got an empty body; expected a video file: curl '
                      '--data-binary @video.mp4')
    return int(content_length)


def receive(body: BinaryIO, file: BinaryIO, size: int, timeout_sec: float) -> None:
    """Copies a body that is still being sent.

    Raises:
        Refused: When it ends early.
        TimeoutError: When it takes more than `timeout_sec` and what `LEAST_RATE` allows.
    """
    left, end = size, time.monotonic() + timeout_sec + size / LEAST_RATE
    while left:
        if time.monotonic() > end:
            raise TimeoutError
        piece = body.read1(min(left, PIECE_BYTES))
        if not piece:
            raise Refused(HTTPStatus.BAD_REQUEST, f'the upload ended after {size - left} of '
                          f'{size} bytes; expected all of them: send it again')
        file.write(piece)
        left -= len(piece)
    file.flush()


def store(receive: Callable[[BinaryIO, int], None], size: int, timeout_sec: float) -> BinaryIO:
    """A body in a file that has no name, and leaves nothing behind whenever the process ends.

    Args:
        receive: Fills the file with so many bytes.
        size: Of the body.
        timeout_sec: After which a silent client is given up, for the message.

    Raises:
        Refused: When it does not come, or there is no room for it.
    """
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        try:
            receive(file, size)
        except TimeoutError:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, f'the upload stopped for {timeout_sec:g} s, '
                          f'or came at less than {LEAST_RATE} bytes a second, before its {size} '
                          'bytes were there; expected all of them: is Content-Length too '
                          'large?') from None
        except ConnectionError:
            raise
        except OSError as error:
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, 'the server has no room for an upload '
                          f'of {size} bytes ({error.strerror}); expected some in its TMPDIR: send '
                          'it again later') from None
        stack.pop_all()      # stays open
    return file


def path_of(file: BinaryIO) -> str:
    """By which a file without a name is opened again, as long as it is open."""
    return f'/dev/fd/{file.fileno()}'
