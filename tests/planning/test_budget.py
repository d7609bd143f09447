"""What a budget allows: batches, options, a cycle."""
from __future__ import annotations

import pytest

from mmlofi.fidelity import FULL, PAPER_CYCLE
from mmlofi.planning import budget
from mmlofi.planning.budget import MemoryPlan, cycle_of, even_cycle, options
from mmlofi.planning.step_memory import StepCounter, StepMemory
from mmlofi.planning.training_plan import Source

SOURCE = Source(num_snippets=8, clip_len=4, side=64, divisor=2)


class Pixels:
    """A counter that needs 10 bytes, and one for each of a batch's snippets x side²."""

    def count(self, batch_size: int, num_snippets: int, side: int) -> StepMemory:
        return StepMemory(0, 0, 0, 0, 0, 0, 0, 10 + batch_size * num_snippets * side * side)


@pytest.mark.parametrize('size', [1, 2, 3, 7, 100, 1000])
def test_the_largest_batch_is_the_last_that_fits(size):
    plan, full = MemoryPlan(Pixels(), SOURCE), 8 * 64 * 64
    assert plan.largest_batch(FULL, 10 + size * full) == size
    assert plan.largest_batch(FULL, 9 + size * full) == size - 1
    assert plan.largest_batch(FULL, 9 + (size + 1) * full) == size


def test_no_batch_is_larger_than_the_limit():
    assert MemoryPlan(Pixels(), SOURCE).largest_batch(FULL, 10**12) == budget.MAX_BATCH


@pytest.mark.parametrize('guess', [-3, 0, 1, 5, 9, 10, 11, 99])
@pytest.mark.parametrize('largest', range(11))
def test_the_search_finds_the_largest_from_any_guess(largest, guess):
    tried = []

    def fits(number: int) -> bool:
        tried.append(number)
        return number <= largest
    assert budget._largest(fits, 10, guess) == largest
    assert len(tried) == len(set(tried))          # counting costs seconds
    assert all(1 <= number <= 10 for number in tried)


def test_a_reduction_by_four_is_the_papers_cycle():
    for ours, paper in zip(cycle_of(4), PAPER_CYCLE):
        assert (ours.name, ours.temporal) == (paper.name, paper.temporal)
        assert ours.spatial == pytest.approx(paper.spatial)


def test_a_cycle_fills_the_budget_at_equal_cost():
    plan = MemoryPlan(Pixels(), Source(num_snippets=100, clip_len=8, side=224, divisor=2))
    full = 100 * 224 * 224
    cycle = even_cycle(plan, 1, round(0.31 * full))
    peaks = [plan.peak([one], 1) / full for one in cycle]
    assert 0.27 < min(peaks)                                 # as snippets and sides round
    assert max(peaks) <= 0.31
    assert cycle[0].spatial**2 == pytest.approx(cycle[1].temporal)
    assert cycle[2].temporal * cycle[2].spatial**2 == pytest.approx(cycle[1].temporal)
    dearer = cycle_of(100 / (100 / cycle[1].temporal + 1))
    assert plan.peak(dearer, 1) > 0.31 * full


def test_full_fidelity_needs_no_cycle_and_too_little_has_none():
    plan = MemoryPlan(Pixels(), SOURCE)
    assert even_cycle(plan, 2, 10 + 2 * 8 * 64 * 64) == [FULL]
    assert even_cycle(plan, 2, 20) is None


def test_options_are_those_not_yet_on(training):
    names = [option.arguments for option in options(training(), SOURCE)]
    assert names == [
        '--amp --cfg-options optim_wrapper.dtype=bfloat16',
        '--cfg-options model.encoder.checkpointing=True',
        '--cfg-options model.encoder.chunk_size=2', '--cfg-options model.encoder.chunk_size=1',
        '--cfg-options model.encoder.grad_ratio=0.25',
        '--amp --cfg-options optim_wrapper.dtype=bfloat16 model.encoder.chunk_size=1']
    used = training(optim_wrapper__type='AmpOptimWrapper', model__encoder__checkpointing=True,
                    model__encoder__chunk_size=2, model__encoder__grad_ratio=0.25)
    assert [option.arguments for option in options(used, SOURCE)] == [
        '--cfg-options model.encoder.chunk_size=1']


def test_attention_without_its_map_is_the_first_option_of_videomae(training):
    cfg = training()
    cfg.model.backbone = dict(type='mmaction.VisionTransformer')
    first, second, *_, last = options(cfg, SOURCE)
    assert first.settings == {'model.encoder.fused_attention': True}
    assert second.amp
    assert last.settings == second.settings | {'model.encoder.chunk_size': 1}
    cfg.model.encoder.fused_attention = True
    assert options(cfg, SOURCE)[0].arguments == second.arguments


def test_each_option_makes_room(training):
    """Checkpointing is refused by R18; the others are what `tools/plan.py` shows."""
    cfg = training()
    plain = StepCounter(cfg, clip_len=4)
    for option in options(cfg, SOURCE):
        if 'checkpointing' in option.arguments:
            with pytest.raises(ValueError, match='with_cp'):
                StepCounter(option.apply(cfg), clip_len=4)
            continue
        changed = StepCounter(option.apply(cfg), clip_len=4, like=plain)
        assert changed.count(4, 8, 112).peak < 0.7 * plain.count(4, 8, 112).peak
    assert cfg.optim_wrapper.type == 'OptimWrapper'
    assert 'chunk_size' not in cfg.model.encoder
