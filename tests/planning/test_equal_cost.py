"""The cycle of equal operations, of an encoder whose cost is known."""
from __future__ import annotations

import pytest

from mmlofi import FidelitySchedule
from mmlofi.fidelity import FULL, PAPER_CYCLE, Fidelity
from mmlofi.planning.budget import MemoryPlan
from mmlofi.planning.equal_cost import (
    EQUAL,
    dearest_and_cheapest,
    equalised,
    meant_equal,
    spread,
)
from mmlofi.planning.training_plan import Source
from mmlofi.planning.work import SnippetWork, of_video
from mmlofi.planning.work_text import work_text


class Tokens:
    """A counter of an encoder that takes an operation a token, and with attention one more for
    5000 pairs."""

    def __init__(self, attends: bool = True) -> None:
        self.attends = attends

    def work(self, batch_size: int, num_snippets: int, side: int):
        tokens = 8 * side**2 // 256
        pairs = tokens**2 if self.attends else 0
        one = SnippetWork(tokens, pairs, tokens, 3 * (tokens + pairs // 5000))
        return of_video(one, num_snippets=num_snippets, batch_size=batch_size)


@pytest.fixture
def plan():
    return MemoryPlan(Tokens(), Source(num_snippets=100, clip_len=16, side=224, divisor=16))


def test_few_long_snippets_cost_more_than_many_short_ones(plan):
    dearest, cheapest = dearest_and_cheapest(plan, PAPER_CYCLE, 1)
    assert (dearest.name, cheapest.name) == ('T', 'S')
    full, half = 1568 + 1568**2 // 5000, 392 + 392**2 // 5000
    assert spread(plan, PAPER_CYCLE, 1) == pytest.approx(25 * full / (100 * half))


def test_fewer_snippets_make_the_costs_equal(plan):
    cycle = equalised(plan, PAPER_CYCLE, 1)
    assert spread(plan, cycle, 1) < 1.05 < EQUAL < spread(plan, PAPER_CYCLE, 1)
    assert cycle[0] == PAPER_CYCLE[0]                                   # the cheapest stays
    for ours, given in zip(cycle, PAPER_CYCLE):
        assert (ours.name, ours.spatial) == (given.name, given.spatial)
        assert ours.temporal >= given.temporal


def test_batches_of_their_own_count(plan):
    half = Fidelity('T', temporal=4, batch_size=2)
    assert spread(plan, [PAPER_CYCLE[0], half], 4) == pytest.approx(
        2 / spread(plan, PAPER_CYCLE[:2], 4))
    assert dearest_and_cheapest(plan, [PAPER_CYCLE[0], half], 4)[0].name == 'S'


@pytest.mark.parametrize(('fidelities', 'equal'), [
    (PAPER_CYCLE, True), ([FULL, *PAPER_CYCLE], False), (PAPER_CYCLE[:1], False),
    ([FULL, Fidelity('S', spatial=2, batch_size=16)], True)])
def test_only_fidelities_of_equal_pixels_are_meant_to_cost_the_same(fidelities, equal):
    assert meant_equal(fidelities, 4) == equal


def test_the_text_has_a_cycle_that_is_read_back_as_it_was_meant(plan):
    *_, note, setting = work_text(plan, PAPER_CYCLE, 1)
    assert note.startswith('NOTE: equal pixels are not equal cost: T takes 1.')
    cycle = FidelitySchedule.from_config(**eval(f'dict({setting})')).fidelities
    assert [one.reduce_snippets(100) for one in cycle] == [
        one.reduce_snippets(100) for one in equalised(plan, PAPER_CYCLE, 1)]
    assert spread(plan, cycle, 1) < 1.05


def test_the_table_has_tokens_and_pairs_where_there_is_attention(plan):
    lines = work_text(plan, PAPER_CYCLE, 1)
    assert lines[1].split() == ['fidelity', 'snippets', 'side', 'tokens', 'G', 'pairs', 'TFLOP',
                                'of', 'full']
    rows = {line.split()[0]: line.split() for line in lines[2:6]}
    assert [rows[name][3] for name in rows] == ['39,200', '39,200', '40,000', '156,800']
    assert [rows[name][4] for name in rows] == ['0.0154', '0.0615', '0.032', '0.246']
    assert rows['full'][-1] == '100.0%'


def test_convolutions_get_no_note_and_no_tokens():
    source = Source(num_snippets=100, clip_len=8, side=224, divisor=2)
    header, *rows, last = work_text(MemoryPlan(Tokens(attends=False), source), PAPER_CYCLE, 1)[1:]
    assert 'tokens' not in header
    assert [row.split()[-1] for row in rows[:2]] == ['25.0%', '25.0%']
    assert last.endswith('as it trains')
