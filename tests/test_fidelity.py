"""Fidelities."""
from __future__ import annotations

import math

import pytest

from mmlofi import Fidelity

S = Fidelity('S', spatial=2)
T = Fidelity('T', temporal=4)
ST = Fidelity('ST', temporal=2, spatial=math.sqrt(2))


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


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(batch_size=0), "'X' has batch_size=0; expected a whole number of videos"),
    (dict(batch_size=1.5), "batch_size=1.5; expected .* or None for the sampler's"),
    (dict(lr_factor=0), "'X' has lr_factor=0; expected a number above 0"),
    (dict(lr_factor=math.inf), 'lr_factor=inf')])
def test_a_batch_or_learning_rate_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Fidelity('X', **settings)


@pytest.mark.parametrize('name', ['S/2', '', None])
def test_a_name_that_logs_cannot_take_is_refused(name):
    with pytest.raises(ValueError, match='expected a name without "/"'):
        Fidelity(name)
