"""Fidelities and their cycle."""
from __future__ import annotations

import math

import pytest

from mmlofi import Fidelity, FidelityCycle

S = Fidelity('S', spatial=2)
T = Fidelity('T', temporal=4)
ST = Fidelity('ST', temporal=2, spatial=math.sqrt(2))
LONG = FidelityCycle((S, T, ST))


@pytest.mark.parametrize(('fidelity', 'snippets', 'side', 'share'), [
    (Fidelity(), 100, 224, 1), (S, 100, 112, 1 / 4), (T, 25, 224, 1 / 4), (ST, 50, 158, 1 / 4)])
def test_the_papers_fidelities_have_its_snippets_sides_and_pixels(fidelity, snippets, side, share):
    assert fidelity.reduce_snippets(100) == snippets
    assert fidelity.reduce_side(224) == side
    assert fidelity.pixel_share == pytest.approx(share)
    pixels = snippets * side**2 / (100 * 224**2)   # 158 in place of 158.4: about a quarter
    assert pixels == pytest.approx(share, rel=0.01)


def test_snippets_round_half_up_and_never_vanish():
    assert [T.reduce_snippets(count) for count in (1, 2, 6, 10, 32)] == [1, 1, 2, 3, 8]


def test_sides_are_multiples_of_the_divisor():
    assert ST.reduce_side(224, divisor=16) == 160
    assert ST.reduce_side(224, divisor=32) == 160
    assert S.reduce_side(224, divisor=32) == 128   # 3.5 windows round up
    assert Fidelity(spatial=100).reduce_side(224, divisor=16) == 16


def test_full_fidelity_keeps_a_side_that_is_no_multiple():
    assert Fidelity().reduce_side(225, divisor=32) == 225


@pytest.mark.parametrize('value', [0.5, 0, -2, math.nan, math.inf, '2', None, True])
def test_a_reduction_that_is_none_is_refused_by_name(value):
    with pytest.raises(ValueError, match="fidelity 'X' has temporal=.*expected a reduction of 1"):
        Fidelity('X', temporal=value)
    with pytest.raises(ValueError, match="fidelity 'X' has spatial=.*expected a reduction of 1"):
        Fidelity('X', spatial=value)


def test_the_long_cycle_changes_at_every_epoch_only():
    for epoch, expected in enumerate([S, T, ST, S, T, ST, S]):
        assert {LONG.at(epoch, step, 7) for step in range(7)} == {expected}


def test_the_long_cycle_may_stay_for_several_epochs():
    cycle = FidelityCycle((S, T), interval=2)
    assert [cycle.at(epoch, 0, 5).name for epoch in range(6)] == ['S', 'S', 'T', 'T', 'S', 'S']


def test_the_short_cycle_goes_on_across_epochs():
    cycle = FidelityCycle((S, T, ST), by='iter', interval=4)
    walked = [cycle.at(epoch, step, 6) for epoch in range(4) for step in range(6)]
    assert walked == [S] * 4 + [T] * 4 + [ST] * 4 + [S] * 4 + [T] * 4 + [ST] * 4


def test_where_a_cycle_stands_does_not_depend_on_what_was_asked_before():
    cycle = FidelityCycle((S, T, ST), by='iter', interval=2)
    forward = [cycle.at(1, step, 10) for step in range(10)]
    backward = [cycle.at(1, step, 10) for step in reversed(range(10))]
    assert forward == backward[::-1]


def test_a_cycle_comes_from_dicts_as_configs_have_them():
    cycle = FidelityCycle.from_config(
        [dict(name='S', spatial=2), dict(name='T', temporal=4), ST], by='iter', interval=16)
    assert cycle == FidelityCycle((S, T, ST), by='iter', interval=16)


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(fidelities=()), 'got no fidelity'),
    (dict(fidelities=(S,), by='step'), "by='step'; expected 'epoch'"),
    (dict(fidelities=(S,), interval=0), 'interval=0; expected a whole number of epochs'),
    (dict(fidelities=(S,), by='iter', interval=1.5), 'interval=1.5; .* of iters'),
    (dict(fidelities=(S, Fidelity('S', spatial=4))), "two different fidelities are named 'S'")])
def test_a_cycle_that_means_nothing_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FidelityCycle(**settings)


@pytest.mark.parametrize('item', [dict(name='S', r_s=2), 4, 'S'])
def test_a_config_that_is_no_fidelity_is_named(item):
    with pytest.raises(ValueError, match=r'expected a dict of name, temporal \(r_t\) and spatial'):
        FidelityCycle.from_config([item])


def test_the_same_fidelity_may_come_twice_in_a_cycle():
    assert FidelityCycle((S, T, S)).at(2, 0, 1) == S
