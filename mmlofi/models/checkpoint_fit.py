"""How much of a checkpoint fits a model, part by part, in words."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

# Batch norm counts its batches since torch 0.4.1; older checkpoints fit all the same.
OPTIONAL = 'num_batches_tracked'


@dataclass(frozen=True)
class CheckpointFit:
    """Names of weights by part, such as `backbone`: those that fit, that miss, that are unused.

    One that has another shape in the checkpoint misses and is unused.
    """

    fits: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    misses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def compare(cls, model: Mapping[str, Tensor], loaded: Mapping[str, Tensor]) -> CheckpointFit:
        """Compares a model's state with a checkpoint's, by names and shapes."""
        fit = cls()
        for key, value in model.items():
            if isinstance(loaded.get(key), Tensor) and loaded[key].shape == value.shape:
                fit.fits[part_of(key)].append(key)
            elif not key.endswith(OPTIONAL):
                fit.misses[part_of(key)].append(key)
        taken = {key for keys in fit.fits.values() for key in keys}
        for key in loaded:
            if key not in taken:
                fit.unused[part_of(key)].append(key)
        return fit

    def words(self) -> str:
        """What each part gets, which start anew, and what the checkpoint has besides."""
        words = [f'{part}: {_count(keys)}' for part, keys in self.fits.items()]
        words += [f'{part}: none of {_count(keys)}, it starts anew'
                  for part, keys in self.misses.items() if part not in self.fits]
        words += [f'{part} of the checkpoint: {_count(keys)} not used'
                  for part, keys in sorted(self.unused.items())]
        return '; '.join(words)

    def check(self, *, whole: bool, mend: str) -> None:
        """Refuses a checkpoint from which a part of the model would be random by mistake.

        A part has to fit as a whole or not at all, and some part has to fit. A head that the
        checkpoint does not hold starts anew; not so an encoder for which it holds another.

        Args:
            whole: Whether no part may start anew.
            mend: How to mend it, for the message.

        Raises:
            ValueError: With how many weights of each part fit.
        """
        bad = [part for part in self.misses
               if whole or part in self.fits or (part == 'backbone' and part in self.unused)]
        if self.fits and not bad:
            return
        what = '; '.join(
            f'of {part} {len(self.fits.get(part, ()))} of '
            f'{len(self.fits.get(part, ())) + len(self.misses[part])} weights fit (the first that '
            f'does not: {self.misses[part][0]})' for part in bad)
        unused = ', '.join(f'{part} ({_count(keys)})' for part, keys in sorted(self.unused.items()))
        raise ValueError(
            f'the checkpoint does not fit the model: {what or "no weight fits"}. The checkpoint '
            f'has, unused, {unused or "nothing"}; expected {mend}')


def part_of(key: str) -> str:
    """The part of a model that a weight belongs to: its name before the first dot."""
    return key.partition('.')[0]


def _count(keys: list[str]) -> str:
    return f'{len(keys)} weight{"s" if len(keys) != 1 else ""}'
