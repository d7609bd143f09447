"""Cycles of fidelities, and schedules of several cycles."""
from __future__ import annotations

import math

import pytest

from mmlofi import Fidelity, FidelityCycle, FidelitySchedule

S = Fidelity('S', spatial=2)
T = Fidelity('T', temporal=4)
ST = Fidelity('ST', temporal=2, spatial=math.sqrt(2))
DICTS = [dict(name='S', spatial=2), dict(name='T', temporal=4), ST]


def test_the_long_cycle_changes_at_every_epoch_only():
    cycle = FidelityCycle((S, T, ST))
    for epoch, expected in enumerate([S, T, ST, S, T, ST, S]):
        assert {cycle.at(epoch, update) for update in range(7)} == {expected}


def test_the_long_cycle_may_stay_for_several_epochs():
    cycle = FidelityCycle((S, T), interval=2)
    assert [cycle.at(epoch, 0).name for epoch in range(6)] == ['S', 'S', 'T', 'T', 'S', 'S']


def test_the_short_cycle_counts_updates_whatever_the_epoch():
    cycle = FidelityCycle((S, T, ST), by='iter', interval=4)
    assert [cycle.at(9, update) for update in range(24)] == 2 * ([S] * 4 + [T] * 4 + [ST] * 4)


def test_the_papers_two_settings_are_a_line_each():
    assert FidelitySchedule.from_config(DICTS).cycles == (FidelityCycle((S, T, ST)),)
    assert FidelitySchedule.from_config(DICTS, by='iter', interval=16).cycles == (
        FidelityCycle((S, T, ST), by='iter', interval=16),)


@pytest.mark.parametrize(('weights', 'turns'), [
    ([1, 1, 1], 'S T ST'), ([2, 1, 1], 'S T ST S'), ([3, 1, 2], 'S ST S T ST S')])
def test_weights_give_turns_that_are_spread_over_the_round(weights, turns):
    cycle = FidelityCycle.from_config(DICTS, weights=weights)
    assert ' '.join(fidelity.name for fidelity in cycle.fidelities) == turns
    for fidelity, weight in zip((S, T, ST), weights, strict=True):
        assert cycle.fidelities.count(fidelity) == weight


def test_the_same_fidelity_may_come_twice_in_a_cycle():
    assert FidelityCycle((S, T, S)).at(2, 0) == S
    assert FidelitySchedule((FidelityCycle((S, T, S)),)).fidelities == (S, T)


def test_phases_follow_one_another_and_the_last_one_stays():
    schedule = FidelitySchedule.from_config(phases=[
        dict(epochs=3, cycle=[ST]), dict(epochs=1, cycle=[Fidelity()], by='iter'),
        dict(cycle=DICTS)])
    names = []
    for epoch in range(9):
        cycle, first = schedule.cycle_of(epoch)
        names.append(cycle.at(epoch - first, 0).name)
    assert names == ['ST', 'ST', 'ST', 'full', 'S', 'T', 'ST', 'S', 'T']
    assert [fidelity.name for fidelity in schedule.fidelities] == ['ST', 'full', 'S', 'T']


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(fidelities=()), 'got no fidelity'),
    (dict(fidelities=(S,), by='step'), "by='step'; expected 'epoch'"),
    (dict(fidelities=(S,), interval=0), 'interval=0; expected a whole number of epochs'),
    (dict(fidelities=(S,), by='iter', interval=1.5), 'interval=1.5; .* of iters'),
    (dict(fidelities=(S,), epochs=0), 'epochs=0; expected a whole number of 1 or more')])
def test_a_cycle_that_means_nothing_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FidelityCycle(**settings)


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(), 'cycle=None and phases=None; expected one of them'),
    (dict(cycle=[S], phases=[dict(cycle=[S])]), 'expected one of them'),
    (dict(phases=[]), 'got no phase'),
    (dict(phases=[dict(cycle=[S]), dict(cycle=[T])]), 'phase 1 of 2 .* has no `epochs`'),
    (dict(phases=[dict(cycles=[S])]), 'expected dicts of cycle, by, interval, weights and epochs'),
    (dict(cycle=[S, T], weights=[1]), r'a cycle of 2 fidelities got weights=\[1\]'),
    (dict(cycle=[S, T], weights=[1, 0]), 'weights=0; expected whole numbers of 1 or more'),
    (dict(cycle=[S, Fidelity('S', spatial=4)]), "two different fidelities are named 'S'"),
    (dict(phases=[dict(cycle=[S], epochs=1), dict(cycle=[Fidelity('S')])]), "are named 'S'")])
def test_a_schedule_that_means_nothing_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FidelitySchedule.from_config(**settings)


@pytest.mark.parametrize('item', [dict(name='S', r_s=2), 4, 'S'])
def test_a_config_that_is_no_fidelity_is_named(item):
    with pytest.raises(ValueError, match=r'expected a dict of name, temporal \(r_t\) and spatial'):
        FidelityCycle.from_config([item])


@pytest.mark.parametrize(('phases', 'epochs', 'unreached'), [
    ([dict(cycle=DICTS)], 3, []), ([dict(cycle=DICTS)], 2, ['fidelity ST']),
    ([dict(cycle=DICTS[:2], epochs=2), dict(cycle=DICTS[2:])], 2,
     ['phase 2 (ST), which begins after epoch 2']),
    ([dict(cycle=DICTS, epochs=2), dict(cycle=DICTS[:2], interval=3)], 5,
     ['fidelity ST of phase 1', 'fidelity T of phase 2']),
    ([dict(cycle=DICTS[:1], epochs=9), dict(cycle=DICTS[1:])], 4,
     ['phase 2 (T, ST), which begins after epoch 9']),
    ([dict(cycle=DICTS, epochs=3), dict(cycle=DICTS[:1], epochs=1)], 9, [])])
def test_what_a_training_never_comes_to_is_known(phases, epochs, unreached):
    schedule = FidelitySchedule.from_config(phases=phases)
    assert schedule.unreached([
        {cycle.at(epoch - first, 0)} for epoch in range(epochs)
        for cycle, first in [schedule.cycle_of(epoch)]]) == unreached
