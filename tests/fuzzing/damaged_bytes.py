"""Damage of the kinds that files come with, drawn by a seed."""
from __future__ import annotations

import random
from collections.abc import Sequence


def damage(content: bytes, draw: random.Random, *, times: Sequence[int] = (1, 2, 3),
           longest: int = 64) -> bytes:
    """The bytes of a file after some of: a flipped bit, a byte, zeros, a cut, a repeat, a gap.

    Args:
        times: Numbers of changes, of which one is drawn.
        longest: Bytes of a change, at most.
    """
    content = bytearray(content)
    for _ in range(draw.choice(times)):
        if not content:
            break
        place, length = draw.randrange(len(content)), draw.randint(1, longest)
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
