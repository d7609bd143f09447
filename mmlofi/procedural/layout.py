"""When which action happens in a video of several classes, and who does it.

Actions come in *blocks* with gaps between them: a block is one action, or two that overlap, of two
classes and by two actors.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_MIN_ACTION_SEC = 2.0
_MIN_GAP_SEC = 1.0
_MIN_OVERLAP = 0.3  # of the shorter of two


@dataclass(frozen=True)
class Action:
    """One action: when, of which class, by which actor."""

    start_sec: float
    end_sec: float
    label: int = 0
    actor: int = 0


def least_duration_sec(classes_per_video: int) -> float:
    """What a video of so many classes, and an action of each, needs at least."""
    return max(20.0, 3.5 * classes_per_video)


def draw_actions(rng: np.random.Generator, duration_sec: float, *, classes: int,
                 classes_per_video: int, overlap: float) -> tuple[Action, ...]:
    """Actions of ``classes_per_video`` of the classes, one of each at least, by their start.

    Args:
        rng: Where all is drawn from.
        duration_sec: Of the video, `least_duration_sec` or more.
        classes: How many there are.
        classes_per_video: How many of them are in this video, with up to three actions more than
            that; they fill 25 to 65 % of it, overlapping ones counted twice.
        overlap: Share of the actions, on average over videos, that overlap one of another class.
    """
    count = _draw_count(rng, duration_sec, classes_per_video, even=overlap > 0)
    action_sec = max(rng.uniform(0.25, 0.65) * duration_sec, count * _MIN_ACTION_SEC)
    lengths = _MIN_ACTION_SEC + (action_sec - count * _MIN_ACTION_SEC) * rng.dirichlet(
        np.full(count, 2.0))
    pairs = int(overlap * count / 2 + rng.uniform())  # in the mean over videos this rounds nothing
    blocks = [_pair(rng, *lengths[2 * i:2 * i + 2]) for i in range(pairs)]
    blocks += [(Action(0, length, actor=int(overlap > 0 and rng.integers(0, 2))), )
               for length in lengths[2 * pairs:]]
    labels = _draw_labels(rng, count, pairs, classes, classes_per_video)
    actions = [replace(action, start_sec=round(start + action.start_sec, 3),
                       end_sec=round(min(start + action.end_sec, duration_sec), 3),
                       label=labels.pop(0))
               for block, start in zip(blocks, _draw_starts(rng, blocks, duration_sec))
               for action in block]
    return tuple(sorted(actions, key=lambda action: action.start_sec))


def _draw_count(rng: np.random.Generator, duration_sec: float, least: int, even: bool) -> int:
    """How many actions; an even number where they may overlap, so that all of them can."""
    most = int((duration_sec + _MIN_GAP_SEC) / (_MIN_ACTION_SEC + _MIN_GAP_SEC))
    count = min(least + int(rng.integers(0, 4)), most)
    if even and count % 2:
        count += 1 if count + 1 <= most else -1
    return count


def _pair(rng: np.random.Generator, first: float, second: float) -> tuple[Action, Action]:
    """Two actions of these lengths that overlap anyhow, one inside the other or in part."""
    shared = _MIN_OVERLAP * min(first, second)
    offset = rng.uniform(shared - second, first - shared)  # from the first's start
    actor, begin = int(rng.integers(0, 2)), min(0.0, offset)
    return (Action(-begin, first - begin, actor=actor),
            Action(offset - begin, offset + second - begin, actor=1 - actor))


def _draw_starts(rng: np.random.Generator, blocks: list[tuple[Action, ...]],
                 duration_sec: float) -> list[float]:
    """Where each block begins, with what is left of the video as gaps around them."""
    lengths = np.array([max(action.end_sec for action in block) for block in blocks])
    free_sec = duration_sec - lengths.sum() - (len(blocks) - 1) * _MIN_GAP_SEC
    gaps = free_sec * rng.dirichlet(np.full(len(blocks) + 1, 1.5))
    gaps[1:-1] += _MIN_GAP_SEC
    order = rng.permutation(len(blocks))
    starts = np.empty(len(blocks))
    starts[order] = np.cumsum(gaps[:-1]) + np.cumsum(lengths[order]) - lengths[order]
    return starts.tolist()


def _draw_labels(rng: np.random.Generator, count: int, pairs: int, classes: int,
                 classes_per_video: int) -> list[int]:
    """The classes of all actions, each about as often as the others, two to each pair."""
    labels = np.resize(rng.permutation(classes)[:classes_per_video], count)
    while True:
        rng.shuffle(labels)
        paired = labels[:2 * pairs].reshape(-1, 2)
        if (paired[:, 0] != paired[:, 1]).all():
            return labels.tolist()
