"""The memory that plan.py counts, and what it says of a budget."""
from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / 'configs' / 'toy' / 'lofi_toy.py'


@pytest.fixture
def memory(call_tool, capsys):
    """The lines on memory that the tool prints."""
    def run(*arguments: object) -> list[str]:
        call_tool('plan.py', CONFIG, '--num-videos', 10, *arguments)
        lines = capsys.readouterr().out.splitlines()
        return lines[lines.index('memory of a step on each GPU, in GiB:'):]
    return run


def table(lines: list[str], first: str) -> list[dict[str, str]]:
    """Rows under the header that starts so, by column; columns are two spaces apart."""
    start = next(place for place, line in enumerate(lines) if line.startswith(first))
    header, rows = re.split(r'\s{2,}', lines[start]), []
    for line in lines[start + 1:]:
        cells = re.split(r'\s{2,}', line)
        if len(cells) != len(header):
            return rows
        rows.append(dict(zip(header, cells)))
    return rows


@pytest.mark.slow
def test_a_budget_that_is_enough_needs_no_option(memory):
    lines = memory('--memory', '300MB')
    rows = table(lines, 'fidelity')
    assert [row['fidelity'] for row in rows] == ['S', 'T', 'ST', 'full']
    for row in rows:
        peak = float(row['peak'])
        assert peak > sum(float(row[part]) for part in ('encoder', 'weights', 'optimizer'))
        assert (int(row['largest batch']) >= 4) == (peak <= 300 / 1024)
    assert not [line for line in lines if 'makes room' in line]
    place = next(i for i, line in enumerate(lines) if 'of equal pixels that fit' in line)
    cycle = ast.literal_eval(re.sub(r'dict\((.*?)\)', lambda found: '{' + re.sub(
        r'(\w+)=', r'"\1": ', found[1]) + '}', lines[place + 1].removeprefix('cycle=')))
    assert [one['name'] for one in cycle] == ['S', 'T', 'ST']
    costs = [one.get('temporal', 1) * one.get('spatial', 1)**2 for one in cycle]
    assert costs == pytest.approx([costs[0]] * 3, rel=1e-2)
    assert 1 < costs[0] < 4       # dearer than the paper's, cheaper than full fidelity


@pytest.mark.slow
def test_an_option_brings_what_the_table_says(memory):
    lines = memory('--memory', '170MB')
    rows = {row['option']: row for row in table(lines, 'fits')}
    assert 'What makes room, as arguments of tools/train.py:' in '\n'.join(lines)
    assert {row['fits'] for row in rows.values()} == {'yes', 'no'}
    option = next(name for name, row in rows.items()
                  if row['fits'] == 'yes' and name.startswith('--cfg-options'))
    changed = table(memory(*shlex.split(option)), 'fidelity')
    cycle = [row for row in changed if row['fidelity'] != 'full']
    assert max(float(row['peak']) for row in cycle) == float(rows[option]['peak'])


@pytest.mark.slow
def test_a_cycle_that_leaves_little_of_a_video_is_not_recommended(memory):
    *_, cycle, note = memory('--memory', '180MB')
    reduction = float(re.search(r"name='T', temporal=([\d.]+)", cycle)[1])
    left = re.fullmatch(
        r'That is 1/(\d+) of the pixels, where the paper has 1/4, and leaves (\d+) of 32 snippets '
        r'to T: rather make room by an option from the table\.', note)
    assert int(left[1]) == round(reduction) > 8
    assert int(left[2]) == round(32 / reduction)


def test_mixed_precision_is_planned_by_the_flag_that_trains_it(memory):
    peaks = [[row['peak'] for row in table(memory(*arguments), 'fidelity')]
             for arguments in ((), ['--amp'],
                               ['--cfg-options', 'optim_wrapper.type=AmpOptimWrapper'])]
    assert peaks[0] != peaks[1] == peaks[2]


def test_what_is_left_out_is_said(memory):
    left_out = 'of tensors alone: workspaces, what the allocator loses and CUDA itself come on top'
    note = 'NOTE: `compile` is not followed; this is the model without it'
    lines, compiled = memory(), memory('--cfg-options', 'compile=True',
                                       'strategy.type=FSDPStrategy')
    assert [left_out in line for line in (lines[-1], compiled[-3])] == [True, True]
    assert note not in lines
    assert compiled[-2] == note
    assert compiled[-1].startswith('NOTE: the strategy FSDPStrategy is not followed; this is the ')


@pytest.mark.slow
@pytest.mark.parametrize(('batch_size', 'smaller'), [(1, False), (2, True)])
def test_a_smaller_batch_is_advised_where_there_is_one(memory, batch_size, smaller):
    text = '\n'.join(memory('--memory', '20MB', '--cfg-options',
                            f'train_dataloader.batch_size={batch_size}'))
    assert ('or a smaller batch_size' in text) == smaller
    assert ('take a smaller one, or an option from the table' in text) == smaller
    assert 'an option from the table' in text


@pytest.mark.parametrize('size', ['x', '24 apples', '0GB', '-1GB'])
def test_a_size_that_is_none_is_refused(call_tool, capsys, size):
    with pytest.raises(SystemExit):
        call_tool('plan.py', CONFIG, f'--memory={size}')
    assert f'got {size!r}; expected a size above 0, such as 24GB or 800MB' in \
        capsys.readouterr().err
