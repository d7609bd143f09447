"""Which fidelity each step of training has: cycles, and schedules of several of them.

Source: LoFi, section 3.3 (C-LoFi). Everything here is a pure function of position, so that ranks
agree without talking and a restart cannot shift the cycle.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mmlofi.fidelity import FULL, Fidelity


@dataclass(frozen=True)
class FidelityCycle:
    """Fidelities in turn: the next one every `interval` epochs or weight updates.

    `by='epoch'` is the paper's long cycle, `by='iter'` its short one. `epochs` says how long the
    cycle lasts where another one follows it. A fidelity may stand in `fidelities` several times.
    """

    fidelities: tuple[Fidelity, ...]
    by: str = 'epoch'
    interval: int = 1
    epochs: int | None = None

    def __post_init__(self) -> None:
        if not self.fidelities:
            raise ValueError('a fidelity cycle got no fidelity; expected at least one, such as '
                             "dict(name='S', spatial=2)")
        if self.by not in ('epoch', 'iter'):
            raise ValueError(f"a fidelity cycle got by={self.by!r}; expected 'epoch' (long cycle) "
                             "or 'iter' (short cycle)")
        _check_count('interval', self.interval, f'a whole number of {self.by}s, 1 or more')
        if self.epochs is not None:
            _check_count('epochs', self.epochs, 'a whole number of 1 or more')

    @classmethod
    def from_config(cls, cycle: Sequence[dict | Fidelity], by: str = 'epoch', interval: int = 1,
                    weights: Sequence[int] | None = None, epochs: int | None = None
                    ) -> FidelityCycle:
        """Builds a cycle from a config's dicts of `name`, `temporal`, `spatial`, ….

        `weights` has one whole number a fidelity: how often it comes in a round, spread evenly.
        """
        fidelities = []
        for item in cycle:
            try:
                fidelities.append(item if isinstance(item, Fidelity) else Fidelity(**item))
            except TypeError as error:
                raise ValueError(f'a fidelity in the cycle is {item!r}; expected a dict of name, '
                                 f'temporal (r_t) and spatial (r_s) ({error})') from error
        if weights is not None:
            fidelities = _spread(fidelities, weights)
        return cls(tuple(fidelities), by, interval, epochs)

    def at(self, epoch: int, update: int) -> Fidelity:
        """The fidelity of an epoch or an update, both counted from 0 at the cycle's start."""
        position = epoch if self.by == 'epoch' else update
        return self.fidelities[position // self.interval % len(self.fidelities)]


@dataclass(frozen=True)
class FidelitySchedule:
    """Cycles one after the other; the last one lasts until the end of training."""

    cycles: tuple[FidelityCycle, ...] = field(default_factory=lambda: (FidelityCycle((FULL,)),))

    def __post_init__(self) -> None:
        if not self.cycles:
            raise ValueError('a fidelity schedule got no phase; expected at least one, such as '
                             "dict(cycle=[dict(name='S', spatial=2)])")
        endless = [place for place, cycle in enumerate(self.cycles[:-1]) if cycle.epochs is None]
        if endless:
            raise ValueError(f'phase {endless[0] + 1} of {len(self.cycles)} in a fidelity schedule '
                             'has no `epochs`; expected them in all but the last: say after how '
                             'many the next begins')
        for fidelity in self.fidelities:
            if len({other for other in self.fidelities if other.name == fidelity.name}) > 1:
                names = [other.name for other in self.fidelities]
                raise ValueError(f'two different fidelities are named {fidelity.name!r} in {names};'
                                 ' give each its own name, since logs tell them apart by it')

    @classmethod
    def from_config(cls, cycle: Sequence[dict | Fidelity] | None = None, by: str = 'epoch',
                    interval: int = 1, weights: Sequence[int] | None = None,
                    phases: Sequence[dict] | None = None) -> FidelitySchedule:
        """One cycle, or `phases`: dicts of the same settings and `epochs`, in order.

        Raises:
            ValueError: For both or neither of `cycle` and `phases`, and for what a cycle refuses.
        """
        if (cycle is None) == (phases is None):
            raise ValueError(f'a fidelity schedule got cycle={cycle!r} and phases={phases!r}; '
                             'expected one of them: put the settings of a cycle into each phase')
        if phases is None:
            return cls((FidelityCycle.from_config(cycle, by, interval, weights),))
        try:
            return cls(tuple(FidelityCycle.from_config(**phase) for phase in phases))
        except TypeError as error:
            raise ValueError(f'a phase in {list(phases)} cannot be read ({error}); expected dicts '
                             'of cycle, by, interval, weights and epochs') from error

    @property
    def fidelities(self) -> tuple[Fidelity, ...]:
        """Each different fidelity once, in the order of first appearance."""
        return tuple(dict.fromkeys(
            fidelity for cycle in self.cycles for fidelity in cycle.fidelities))

    def unreached(self, epochs: Sequence[Collection[Fidelity]]) -> list[str]:
        """What a training never comes to, in words: phases, and fidelities of the others.

        Args:
            epochs: The fidelities of each of its epochs.
        """
        words, first = [], 0
        for place, cycle in enumerate(self.cycles, 1):
            names = ', '.join(dict.fromkeys(fidelity.name for fidelity in cycle.fidelities))
            if first >= len(epochs):
                words.append(f'phase {place} ({names}), which begins after epoch {first}')
                continue
            last = place == len(self.cycles)
            end = len(epochs) if last else first + cycle.epochs
            seen = set().union(*epochs[first:end])
            missed = [one for one in dict.fromkeys(cycle.fidelities) if one not in seen]
            where = f' of phase {place}' if len(self.cycles) > 1 else ''
            words += [f'fidelity {fidelity.name}{where}' for fidelity in missed]
            first = end
        return words

    def cycle_of(self, epoch: int) -> tuple[FidelityCycle, int]:
        """The cycle that an epoch (from 0) belongs to, and the epoch at which it began."""
        first = 0
        for cycle in self.cycles[:-1]:
            if epoch < first + cycle.epochs:
                return cycle, first
            first += cycle.epochs
        return self.cycles[-1], first


def _spread(fidelities: list[Fidelity], weights: Sequence[int]) -> list[Fidelity]:
    """A round in which each fidelity comes `weight` times: weights 2, 1, 1 give S T ST S."""
    if len(weights) != len(fidelities):
        raise ValueError(f'a cycle of {len(fidelities)} fidelities got weights={list(weights)}; '
                         'expected one weight for each')
    for weight in weights:
        _check_count('weights', weight, 'whole numbers of 1 or more')
    owed, turns = [0] * len(weights), []
    for _ in range(sum(weights)):
        owed = [debt + weight for debt, weight in zip(owed, weights)]
        chosen = owed.index(max(owed))
        owed[chosen] -= sum(weights)
        turns.append(fidelities[chosen])
    return turns


def _check_count(name: str, value: object, expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f'a fidelity cycle got {name}={value!r}; expected {expected}')
