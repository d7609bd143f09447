"""The table that puts methods side by side."""
from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def work_dir(tmp_path):
    """Writes a training's cost and what it logged at each validation."""
    def write(name: str, *scores: float, seconds: float = 10, peak: float = 100,
              tious: tuple[str, ...] = ('0.50', '0.75', '0.95')) -> Path:
        folder = tmp_path / name
        log = folder / '20260101_000000' / 'vis_data'
        log.mkdir(parents=True)
        (folder / 'cost.json').write_text(json.dumps(
            dict(seconds=seconds, peak_memory_mib=peak, device='cpu')))
        steps = [dict(loss=1.0, step=1)]
        for score in scores:
            steps.append({'mAP': score, 'step': len(steps)} | {
                f'mAP@{tiou}': score * 2.0**(1 - place) for place, tiou in enumerate(tious)})
        (log / 'scalars.json').write_text('\n'.join(map(json.dumps, steps)) + '\n')
        return folder
    return write


@pytest.fixture
def table(call_tool, capsys):
    """The cells that the tool prints, by method and column."""
    def read(*arguments: object) -> dict[str, dict[str, str]]:
        call_tool('compare.py', *arguments)
        rows = [[cell.strip() for cell in line.strip('|').split('|')]
                for line in capsys.readouterr().out.splitlines()]
        return {row[0]: dict(zip(rows[0], row)) for row in rows[2:]}
    return read


def test_the_last_validation_counts_in_percent_and_the_gain_is_over_the_first_method(table,
                                                                                     work_dir):
    rows = table(f'ACP={work_dir("acp", 0.5, 0.2)}', f'LoFi={work_dir("lofi", 0.3)}')
    assert [rows['ACP'][name] for name in ('mAP@0.50', 'mAP@0.75', 'mAP@0.95', 'mAP')] == [
        '40.00', '20.00', '10.00', '20.00']
    assert rows['ACP']['gain over ACP'] == '+0.00'
    assert rows['LoFi']['gain over ACP'] == '+10.00'


def test_stages_add_their_seconds_and_show_the_larger_memory_and_the_last_map(table, work_dir):
    stage_2 = work_dir('lofi', seconds=30, peak=900)
    stage_3 = work_dir('head', 0.25, seconds=12.4, peak=200)
    row = table(f'LoFi={stage_2}+{stage_3}')['LoFi']
    assert (row['seconds'], row['peak MiB'], row['mAP']) == ('42', '900', '25.00')


def test_seeds_give_the_mean_and_its_standard_deviation(table, work_dir):
    seeds = [work_dir(f'seed{i}', score) for i, score in enumerate((0.1, 0.2, 0.3))]
    row = table('LoFi=' + ','.join(map(str, seeds)))['LoFi']
    assert row['mAP'] == '20.00 ± 10.00'
    assert (row['runs'], row['seconds']) == ('3', '10')


def test_folders_named_alike_are_seeds_of_one_method(table, work_dir):
    folders = [work_dir(f'seed{seed}/{name}', score) for name, seed, score in (
        ('acp', 0, 0.1), ('acp', 1, 0.2), ('lofi', 0, 0.4), ('lofi', 1, 0.4))]
    stage_2 = work_dir('stage_2')
    rows = table(*folders, f'{stage_2}+{work_dir("seed2/lofi", 0.7)}')
    assert list(rows) == ['acp', 'lofi']
    assert [rows[name]['runs'] for name in rows] == ['2', '3']
    assert rows['lofi']['mAP'] == '50.00 ± 17.32'
    assert rows['lofi']['gain over acp'] == '+35.00'


def test_gains_are_over_the_named_baseline(table, work_dir):
    rows = table(f'ICP={work_dir("icp", 0.1)}', f'ACP={work_dir("acp", 0.3)}', '--baseline', 'ACP')
    assert [rows[name]['gain over ACP'] for name in rows] == ['-20.00', '+0.00']


@pytest.mark.parametrize(('tious', 'shown'), [
    (('0.30', '0.40', '0.50', '0.60', '0.70'), ('0.30', '0.40', '0.50', '0.60', '0.70')),
    ([f'{tiou / 100:.2f}' for tiou in range(50, 100, 5)], ('0.50', '0.75', '0.95'))])
def test_a_few_of_many_tious_are_shown(tious, shown, table, work_dir):
    row = table(work_dir('lofi', 0.1, tious=tious))['lofi']
    assert [name for name in row if name.startswith('mAP@')] == [f'mAP@{tiou}' for tiou in shown]


def test_table_and_picture_are_written_by_their_endings(call_tool, work_dir, tmp_path, capsys):
    seeds = [work_dir(f'seed{seed}/lofi', score) for seed, score in enumerate((0.2, 0.3))]
    call_tool('compare.py', f'ACP={work_dir("acp", 0.1)}', *seeds,
              '--out', tmp_path / 'new/table.md', tmp_path / 'new/table.png')
    assert (tmp_path / 'new/table.md').read_text() == capsys.readouterr().out
    assert (tmp_path / 'new/table.png').read_bytes()[:4] == b'\x89PNG'


def test_the_table_is_also_written_as_markdown(call_tool, work_dir, capsys, tmp_path):
    call_tool('compare.py', f'ACP={work_dir("acp", 0.2)}', '--out', tmp_path / 'new' / 'table.md')
    text = (tmp_path / 'new' / 'table.md').read_text()
    assert text == capsys.readouterr().out
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert set(lines[1]) == {'|', '-'}


@pytest.mark.parametrize(('method', 'message'), [
    ('acp', 'acp has no cost.json; expected the work dir of a finished training'),
    ('ACP=', r"'ACP=' is no \[NAME=\]DIR; expected such as"),
    ('ACP=none', 'none has no cost.json; expected the work dir of a finished training'),
    ('ACP={unscored}', 'unscored has no mAP in its logs; expected a training with validation')])
def test_what_cannot_be_compared_is_named(method, message, call_tool, work_dir):
    with pytest.raises(SystemExit, match=message):
        call_tool('compare.py', method.format(unscored=work_dir('unscored')))


@pytest.mark.parametrize(('option', 'message'), [
    (('--baseline', 'icp'), r"--baseline 'icp' is none of \['ACP'\]; expected one of"),
    (('--out', 'table.csv'), "table.csv ends in '.csv'; expected .md for the table or one of")])
def test_options_that_make_no_sense_are_refused(option, message, call_tool, work_dir):
    with pytest.raises(SystemExit, match=message):
        call_tool('compare.py', f'ACP={work_dir("acp", 0.2)}', *option)


@pytest.mark.slow
def test_the_figures_of_a_real_training_are_found(table, lofi, gtad):
    row = table(f'LoFi={lofi.folder}+{gtad.folder}')['LoFi']
    costs = [json.loads((run.folder / 'cost.json').read_text()) for run in (lofi, gtad)]
    assert row['seconds'] == f'{sum(cost["seconds"] for cost in costs):.0f}'
    assert 0 <= float(row['mAP']) <= 100
