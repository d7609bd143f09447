"""Where a checkpoint has its weights, and how much of them fits a model, part by part, in words."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from mmlofi.models.encoders.what_trains import is_adapter

# Under which key a checkpoint has its weights: MMEngine's, and that of torchvision's programs, of
# which TSP's is one.
WEIGHT_KEYS = ('state_dict', 'model')
# Batch norm counts its batches since torch 0.4.1; older checkpoints fit all the same.
OPTIONAL = 'num_batches_tracked'
ADAPTERS = 'adapters'


def weights_in(checkpoint: object, source: str = 'the checkpoint') -> dict[str, object]:
    """A checkpoint's weights by name, without the `module.` of data-parallel training.

    Args:
        checkpoint: As `CheckpointLoader` reads it: a Runner's, or weights alone.
        source: What to call it in an error.

    Raises:
        ValueError: When there are none in `state_dict`, in `model` or at the top, with the keys
            where there are some.
    """
    places = [checkpoint.get(key) for key in WEIGHT_KEYS] if isinstance(checkpoint, Mapping) else []
    state = next((place for place in places if place is not None), checkpoint)
    if isinstance(state, Mapping) and _are_weights(state):
        return {key.removeprefix('module.'): value for key, value in state.items()}
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f'{source} is a {type(checkpoint).__name__}; expected a dict with '
                         'the weights in `state_dict`: give one that a Runner or torch.save(model.'
                         'state_dict(), …) wrote')
    places = [''.join(f'[{key!r}]' for key in place) for place in _places(checkpoint)]
    mend = (f'they are in {" and ".join(places)}, so write these alone: torch.save(torch.load(FILE,'
            f" weights_only=True){places[0]}, 'weights.pth')") if places else 'give another file'
    raise ValueError(f'{source} has the keys {sorted(map(str, checkpoint))[:8]} and no '
                     f'weights by name in `state_dict` or at the top, as expected; {mend}')


def _are_weights(state: Mapping) -> bool:
    return all(isinstance(key, str) for key in state) and any(
        isinstance(value, Tensor) for value in state.values())


def _places(content: Mapping, above: tuple = ()) -> Iterator[tuple]:
    """Keys, and keys in them, under which there are weights by name; not those of an optimizer."""
    for key, value in content.items():
        if isinstance(value, Mapping) and _are_weights(value):
            yield *above, key
        elif isinstance(value, Mapping) and not above:
            yield from _places(value, (key,))


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
        checkpoint does not hold starts anew, and so do adapters; not so an encoder for which it
        holds another. Adapters that the model does not have would be missed by its encoder.

        Args:
            whole: Whether no part may start anew.
            mend: How to mend it, for the message.

        Raises:
            ValueError: With how many weights of each part fit.
        """
        if ADAPTERS in self.unused and not {ADAPTERS} & (self.fits.keys() | self.misses.keys()):
            raise ValueError(
                f'the encoder of the checkpoint has adapters ({_count(self.unused[ADAPTERS])}, the '
                f'first: {self.unused[ADAPTERS][0]}) and that of the model has none; expected the '
                'settings of its training: set model.encoder.adapters as there')
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
            f'has, unused, {unused or "nothing"}; {self._elsewhere()}expected {mend}')

    def _elsewhere(self) -> str:
        """Under which other prefix the checkpoint has the names of a part, and how to say so."""
        for part, keys in self.misses.items():
            prefix = _prefix_of(part, keys, [key for keys in self.unused.values() for key in keys])
            if prefix is not None:
                named = f' under the prefix {prefix!r}' if prefix else ' without a prefix'
                given = f', prefix={prefix!r}' if prefix else ''
                return (f'it has the names of {part}{named}: leave load_from out and set model.'
                        f"{part}.init_cfg=dict(type='Pretrained', checkpoint=FILE{given}), or ")
        return ''


def part_of(key: str) -> str:
    """The part of a model that a weight belongs to: its name before the first dot.

    Adapters in a backbone are a part of their own, which a recognizer's checkpoint does not hold.
    """
    return ADAPTERS if is_adapter(key) else key.partition('.')[0]


def _prefix_of(part: str, wanted: Iterable[str], found: Iterable[str]) -> str | None:
    """Where most of a part's names stand among those found; None if that is its own, or nowhere."""
    names = {key.removeprefix(f'{part}.') for key in wanted}
    prefixes = Counter(
        key[:start] for key in found for start in (0, *(place + 1 for place, sign in enumerate(key)
                                                        if sign == '.')) if key[start:] in names)
    prefix, count = prefixes.most_common(1)[0] if prefixes else (None, 0)
    return prefix if prefix != f'{part}.' and 2 * count > len(names) else None


def _count(keys: list[str]) -> str:
    return f'{len(keys)} weight{"s" if len(keys) != 1 else ""}'
