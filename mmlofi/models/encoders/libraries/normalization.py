"""How a library's weights want frames normalised, and whether a config does so."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmaction.models import ActionDataPreprocessor
from torch import nn

TOLERANCE = 0.05   # of 255: libraries round in the fourth digit of 0 to 1


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation of red, green and blue, 0 to 255, as MMAction2 has them.

    Args:
        source: Who says so, for messages.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str

    @classmethod
    def of_unit(cls, mean: Sequence[float], std: Sequence[float], source: str) -> Normalization:
        """From numbers for frames of 0 to 1."""
        return cls(tuple(round(255 * one, 4) for one in mean),
                   tuple(round(255 * one, 4) for one in std), source)

    def preprocessor(self) -> dict:
        """The config that does it."""
        return dict(type='ActionDataPreprocessor', mean=list(self.mean), std=list(self.std),
                    format_shape='NCTHW')

    def difference(self, given: ActionDataPreprocessor) -> str | None:
        """What a preprocessor does otherwise, in words."""
        if not getattr(given, '_enable_normalize', False):
            return 'it does not normalise'
        if given.mean.is_meta:       # a plan's, which has no numbers
            return None
        if getattr(given, 'to_rgb', False):
            return 'to_rgb=True, which makes BGR of frames that are RGB'
        for name in ('mean', 'std'):
            values = getattr(given, name).flatten().tolist()
            wanted = list(getattr(self, name))
            if len(values) == 1:
                values *= 3
            if max(abs(one - other) for one, other in zip(values, wanted)) > TOLERANCE:
                return f'{name}={[round(one, 3) for one in values]}'
        return None


def normalization_of(backbone: nn.Module | None) -> Normalization | None:
    """That of a library's weights; None for other backbones, and where none is known."""
    return getattr(getattr(backbone, 'facts', None), 'normalization', None)


def preprocessor_for(backbone: nn.Module | None) -> dict:
    """The config of a data preprocessor for a backbone: its library's, or one that does nothing.

    Raises:
        ValueError: When weights of a library come without a word on it.
    """
    wanted = normalization_of(backbone)
    source = getattr(getattr(backbone, 'facts', None), 'weights', None)
    if wanted is None and source is not None:
        raise ValueError(f'nothing says how {source} wants frames normalised, since no processor '
                         'of it can be read; expected model.data_preprocessor: give mean and std '
                         'of its page, for values of 0 to 255')
    return dict(type='ActionDataPreprocessor', format_shape='NCTHW') if wanted is None \
        else wanted.preprocessor()


def check_normalization(backbone: nn.Module, given: ActionDataPreprocessor) -> None:
    """Refuses frames that are normalised otherwise than for the weights that a config names.

    Raises:
        ValueError: With what differs.
    """
    wanted = normalization_of(backbone)
    different = wanted and wanted.difference(given)
    if different:
        raise ValueError(
            f'data_preprocessor of {type(backbone).__name__} has {different}; expected what '
            f'{wanted.source} says: mean={list(wanted.mean)}, std={list(wanted.std)}, RGB. Leave '
            'model.data_preprocessor out, and it is that')
