"""Damage of the kinds that files come with, drawn by a seed, and how long a reader may take."""
from __future__ import annotations

import faulthandler
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def damage(content: bytes, draw: random.Random) -> bytes:
    """The bytes of a file with one to three of: a flipped bit, a byte, zeros, a cut, a repeat."""
    content = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        if not content:
            break
        place, length = draw.randrange(len(content)), draw.randint(1, 64)
        kind = draw.choice(('bit', 'byte', 'zeros', 'cut', 'repeat', 'drop'))
        if kind == 'bit':
            content[place] ^= 1 << draw.randrange(8)
        elif kind == 'byte':
            content[place] = draw.randrange(256)
        elif kind == 'zeros':
            content[place:place + length] = bytes(len(content[place:place + length]))
        elif kind == 'cut':
            del content[place:]
        elif kind == 'repeat':
            content[place:place] = content[place:place + length]
        else:
            del content[place:place + length]
    return bytes(content)


@contextmanager
def seconds(limit: int) -> Iterator[None]:
    """A case that hangs is a failure; in a library's own code, where nothing else ends it, of the
    whole process."""
    def stop(*unused: object) -> None:
        raise AssertionError(f'took more than {limit} s')
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    faulthandler.dump_traceback_later(2 * limit, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
