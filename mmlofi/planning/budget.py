"""What a budget of memory allows: the largest batch, options that make room, a cycle that fills it.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mmengine.config import Config

from mmlofi.fidelity import FULL, PAPER_CYCLE, Fidelity
from mmlofi.planning.step_memory import StepCounter, StepMemory
from mmlofi.planning.training_plan import Source
from mmlofi.planning.work import VideoWork

MAX_BATCH = 1024
CHUNKS_OF_A_VIDEO = (4, 10, 25)   # a chunk is a fourth of a video at full fidelity, or less


@dataclass(frozen=True)
class MemoryPlan:
    """Counts steps of a config at any fidelity and batch size.

    Args:
        counter: Of the config's model and optimizer.
        source: What its training pipeline gives.
    """

    counter: StepCounter
    source: Source

    def count(self, fidelity: Fidelity, batch_size: int) -> StepMemory:
        """A step of one GPU."""
        return self.counter.count(batch_size, fidelity.reduce_snippets(self.source.num_snippets),
                                  self.source.side_at(fidelity))

    def work(self, fidelity: Fidelity, batch_size: int) -> VideoWork:
        """Tokens, pairs and operations of one video of such a step."""
        return self.counter.work(batch_size, fidelity.reduce_snippets(self.source.num_snippets),
                                 self.source.side_at(fidelity))

    def peak(self, fidelities: Sequence[Fidelity], batch_size: int) -> int:
        """Of the dearest of these fidelities, each at its own batch size where it has one."""
        return max(self.count(one, one.batch_size or batch_size).peak for one in fidelities)

    def largest_batch(self, fidelity: Fidelity, budget: int) -> int:
        """Videos of the largest batch within the budget; 0 where one does not fit."""
        return _largest(lambda size: self.count(fidelity, size).peak <= budget, MAX_BATCH, guess=1)


@dataclass(frozen=True)
class Option:
    """A change of the config that saves memory, as arguments of `tools/train.py`."""

    arguments: str
    cost: str
    settings: dict
    amp: bool = False

    def apply(self, cfg: Config) -> Config:
        """A copy of the config with it."""
        changed = cfg.copy()
        changed.merge_from_dict(self.settings)
        if self.amp:
            changed.optim_wrapper.type = 'AmpOptimWrapper'
        return changed

    def __add__(self, other: Option) -> Option:
        amp = self.amp or other.amp
        settings = self.settings | other.settings
        return Option(_arguments(settings, amp), f'{self.cost}; {other.cost}', settings, amp)


def options(cfg: Config, source: Source) -> list[Option]:
    """What a config of an end-to-end training could still turn on, the harmless first."""
    encoder = cfg.model.get('encoder') or {}
    chunk = encoder.get('chunk_size') or source.num_snippets
    found = []
    attends = str(cfg.model.backbone.get('type')).split('.')[-1] == 'VisionTransformer'
    if attends and not encoder.get('fused_attention'):
        found.append(_option('nothing', {'model.encoder.fused_attention': True}))
    half = len(found)
    if (cfg.get('optim_wrapper') or {}).get('type') != 'AmpOptimWrapper':
        found.append(_option('precision; less time on a GPU',
                             {'optim_wrapper.dtype': 'bfloat16'}, amp=True))
    if not encoder.get('checkpointing'):
        found.append(_option('one more forward pass', {'model.encoder.checkpointing': True}))
    sizes = {max(1, source.num_snippets // parts) for parts in CHUNKS_OF_A_VIDEO}
    chunks = [_option('up to one more forward pass', {'model.encoder.chunk_size': size})
              for size in sorted(sizes, reverse=True) if size < chunk]
    found += chunks
    if encoder.get('grad_ratio', 1) > 0.25:
        found.append(_option('a noisier gradient; less time', {'model.encoder.grad_ratio': 0.25}))
    if chunks and found[half].amp:
        found.append(found[half] + chunks[-1])
    return found


def even_cycle(plan: MemoryPlan, batch_size: int, budget: int) -> list[Fidelity] | None:
    """The paper's S, T and ST, all reduced by the least r that fits: the dearest that does.

    S halves the side at r = 4: its r_s is √r; T's r_t is r; ST's r_t is √r and its r_s the fourth
    root of r, so that r_t · r_s² = r for each. r is a number of snippets to a whole one.

    Returns:
        None where no cycle fits, [full] where full fidelity does.
    """
    def fits(snippets: int) -> bool:
        return plan.peak(cycle_of(plan.source.num_snippets / snippets), batch_size) <= budget

    full = plan.peak([FULL], batch_size)
    if full <= budget:
        return [FULL]
    snippets = plan.source.num_snippets
    most = _largest(fits, snippets, guess=round(snippets * budget / full))
    return cycle_of(plan.source.num_snippets / most) if most else None


def cycle_of(reduction: float) -> list[Fidelity]:
    """S, T and ST that each have 1/reduction of the pixels of full fidelity."""
    spatial, temporal, both = PAPER_CYCLE
    return [replace(spatial, spatial=reduction**0.5), replace(temporal, temporal=reduction),
            replace(both, temporal=reduction**0.5, spatial=reduction**0.25)]


def _largest(fits: Callable[[int], bool], most: int, guess: int) -> int:
    """The largest number up to `most` that fits, if all below it do; 0 where none does."""
    guess = min(max(guess, 1), most)
    low, high, step = 0, most, 1
    while low < high:       # from the guess in growing steps, and by halves once it is enclosed
        if fits(guess):
            low, guess = guess, min(guess + step, high)
        else:
            high, guess = guess - 1, max(guess - step, low + 1)
        step *= 2
        if 0 < low and high < most:
            guess = (low + high + 1) // 2
    return low


def _option(cost: str, settings: dict, *, amp: bool = False) -> Option:
    return Option(_arguments(settings, amp), cost, settings, amp)


def _arguments(settings: dict, amp: bool) -> str:
    changes = ' '.join(f'{key}={value}' for key, value in settings.items())
    return f'{"--amp " * amp}--cfg-options {changes}'
