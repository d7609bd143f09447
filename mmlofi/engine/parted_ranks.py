"""What all ranks have in common, compared by all of them: they go on together or stop together."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mmengine.dist import all_gather_object, get_world_size

SHOWN = 80   # signs of a fact in a message


def refuse_parted_ranks(facts: Mapping[str, object], *, mend: str) -> None:
    """Compares what each rank says of itself; every rank has to come here.

    Args:
        facts: By their name in a message; compared by their `repr`.
        mend: What to do about a difference.

    Raises:
        ValueError: On every rank, where one differs from rank 0.
    """
    if get_world_size() == 1:
        return
    first, *others = all_gather_object({name: repr(value) for name, value in facts.items()})
    parted = []
    for name, value in first.items():
        rank = next((rank for rank, other in enumerate(others, 1) if other[name] != value), None)
        if rank is not None:
            other = others[rank - 1][name]
            parted.append(f'{name} {_short(value)} on rank 0 and {_short(other)} on rank {rank}')
    if parted:
        raise ValueError(f'the ranks of this run have parted: {"; ".join(parted)}; expected the '
                         f'same on all: {mend}')


@contextmanager
def failing_together(what: str) -> Iterator[None]:
    """Around what every rank does: where one of them fails, all stop, and nobody waits for it.

    Args:
        what: What could not be done, in a message to the other ranks.

    Raises:
        RuntimeError: With another rank's words.
    """
    error = None
    try:
        yield
    except Exception as caught:
        error = caught
    words = None if error is None else f'{type(error).__name__}: {error}'
    failed = [(rank, one) for rank, one in enumerate(all_gather_object(words)) if one is not None]
    if error is not None:
        raise error
    if failed:
        rank, other = failed[0]
        raise RuntimeError(f'rank {rank} {what} ({other}); expected all ranks to: see its log, and '
                           'that all machines see the same files')


def _short(words: str) -> str:
    return words if len(words) <= SHOWN else f'{words[:SHOWN]}…'
