"""To which length one-stage heads pad: every level needs a whole number of points, or of windows.

`FittingLengths(divisor=…, max_seq_len=…)` is made by each method, which knows what its levels
need; `OneStageHead` pads by it.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from torch import Tensor
from torch.nn import functional as F

from mmlofi.options import require_whole


@dataclass(frozen=True, kw_only=True)
class FittingLengths:
    """Up to `max_seq_len` all features are padded to it; longer ones to a multiple of `divisor`.

    Deviation: the authors round longer videos to the largest of the levels' numbers, which need
    not be a multiple of the others. Here it is their common multiple, the same where all windows
    are. Without a `max_seq_len` all are rounded.

    Args:
        divisor: A multiple of it fits all levels.
        max_seq_len: Of the published configurations; None has none.
        unit: What `max_seq_len` itself has to be a multiple of; None is `divisor`.

    Raises:
        ValueError: For a `max_seq_len` that does not fit, with those that do.
    """

    divisor: int
    max_seq_len: int | None = None
    unit: int | None = None

    def __post_init__(self) -> None:
        if self.max_seq_len is None:
            return
        require_whole('a one-stage head', max_seq_len=self.max_seq_len)
        unit = self.unit or self.divisor
        below = self.max_seq_len // unit * unit
        if below != self.max_seq_len:
            near = ' or '.join(str(length) for length in (below, below + unit) if length)
            raise ValueError(
                f'a one-stage head got max_seq_len={self.max_seq_len}; expected a multiple of '
                f'{unit}, which fits all levels of the pyramid: take {near}, or other windows')

    def __call__(self, length: int) -> int:
        """To what `length` features are padded."""
        if self.max_seq_len is not None and length <= self.max_seq_len:
            return self.max_seq_len
        return -(-length // self.divisor) * self.divisor

    def pad(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, L) and (N, L) to the length that fits; what is no part of a video becomes 0."""
        rest = self(features.size(2)) - features.size(2)
        features = features.where(mask[:, None], 0)
        return F.pad(features, (0, rest)), F.pad(mask, (0, rest))


def common_multiple(numbers: Sequence[int]) -> int:
    """The smallest multiple of all of them."""
    multiple = 1
    for number in numbers:
        multiple = multiple * number // gcd(multiple, number)
    return multiple
