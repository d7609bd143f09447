"""Errors of file systems and object stores that pass: a file is tried again before it is bad.

A file server that was restarted answers ESTALE, a store that is asked too often 503; minutes later
both give the same file as before.
"""
from __future__ import annotations

import errno
import functools
import logging
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from mmengine.logging import print_log

T, P = TypeVar('T'), ParamSpec('P')

PAUSES_SEC = (1, 5, 20)   # before the second try, the third and the last
# EIO too: of NFS mounts that are not "hard" it is the word for a server that did not answer.
PASSING = {getattr(errno, name) for name in (
    'EAGAIN', 'EBUSY', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTDOWN', 'EHOSTUNREACH',
    'EIO', 'ENETDOWN', 'ENETRESET', 'ENETUNREACH', 'ENOTCONN', 'EPIPE', 'EREMOTEIO', 'ESTALE',
    'ETIMEDOUT') if hasattr(errno, name)}
STATUSES = {408, 425, 429, 500, 502, 503, 504}
# Of decoders, which leave no more of an error than its words.
WORDS = ('stale file handle', 'connection timed out', 'connection reset', 'server returned 5xx',
         'http error 5')


def with_patience(attempt: Callable[[bool], T]) -> T:
    """What an attempt returns, the last of which is told so; a pause follows each that may pass.

    Raises:
        Exception: Of the attempt: one that does not pass at once, any other of the last.
    """
    for pause_sec in PAUSES_SEC:
        try:
            return attempt(False)
        except Exception as error:   # libraries of object stores have kinds of their own
            if not passes(error):
                raise
            print_log(f'{type(error).__name__}: {error}: tried again in {pause_sec} s', 'current',
                      logging.WARNING)
            time.sleep(pause_sec)
    return attempt(True)


def patiently(function: Callable[P, T]) -> Callable[P, T]:
    """A function that tries again by itself."""
    @functools.wraps(function)
    def tries(*args: P.args, **kwargs: P.kwargs) -> T:
        return with_patience(lambda _: function(*args, **kwargs))
    return tries


def passes(error: BaseException) -> bool:
    """Whether an error, or one that it comes from, is likely to be gone after a while."""
    return any(_passes(one) for one in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _passes(error: BaseException) -> bool:
    if isinstance(error, (TimeoutError, ConnectionError)):
        return True
    # PyAV calls a file that ends too early EIO.
    if isinstance(error, OSError) and error.errno in PASSING:
        return not (error.errno == errno.EIO and type(error).__module__.startswith('av'))
    if _status(error) in STATUSES:
        return True
    return not isinstance(error, OSError) and any(word in str(error).lower() for word in WORDS)


def _status(error: BaseException) -> int | None:
    """The answer of a server, where urllib, requests and botocore keep it."""
    response = getattr(error, 'response', None)
    if isinstance(response, dict):
        return response.get('ResponseMetadata', {}).get('HTTPStatusCode')
    found = getattr(response, 'status_code', None) or getattr(error, 'code', None)
    return found if isinstance(found, int) else None
