"""The table that puts methods side by side."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmlofi.datasets.annotations import load_annotations
from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.detection_map import detection_map


@pytest.fixture
def work_dir(tmp_path):
    """Writes a training's cost and what it logged at each validation."""
    def write(name: str, *scores: float, seconds: float = 10, peak: float = 100,
              tious: tuple[str, ...] = ('0.50', '0.75', '0.95'), config: str = '') -> Path:
        folder = tmp_path / name
        log = folder / '20260101_000000' / 'vis_data'
        log.mkdir(parents=True)
        (folder / 'cost.json').write_text(json.dumps(
            dict(seconds=seconds, peak_memory_mib=peak, device='cpu')))
        (folder / f'{folder.name}.py').write_text(config)
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


def test_a_line_of_the_log_that_a_kill_cut_off_does_not_count(table, work_dir):
    folder = work_dir('[acp]', 0.2, 0.4)      # brackets, which a pattern of files would read
    log = folder / '20260101_000000/vis_data/scalars.json'
    log.write_text(log.read_text() + '{"mAP": 0.5, "mA')
    (folder / '20260102_000000').mkdir()
    assert table(folder)['[acp]']['mAP'] == '40.00'


def test_stages_add_their_seconds_and_show_the_larger_memory_and_the_last_map(table, work_dir):
    stage_2 = work_dir('lofi', seconds=30, peak=900)
    stage_3 = work_dir('head', 0.25, seconds=12.4, peak=200)
    row = table(f'LoFi={stage_2}+{stage_3}')['LoFi']
    assert (row['seconds'], row['peak MiB'], row['mAP']) == ('42', '900', '25.00')


def test_seeds_give_the_mean_and_its_standard_deviation(table, work_dir):
    seeds = [work_dir(f'seed{i}', score) for i, score in enumerate((0.1, 0.2, 0.3))]
    row = table('LoFi=' + ','.join(map(str, seeds)))['LoFi']
    assert row['mAP'] == '20.00 ± 10.00'
    assert row['seconds'] == '10'


def test_folders_named_alike_are_seeds_of_one_method(table, work_dir):
    folders = [work_dir(f'seed{seed}/{name}', score) for name, seed, score in (
        ('acp', 0, 0.1), ('acp', 1, 0.2), ('lofi', 0, 0.4), ('lofi', 1, 0.4))]
    stage_2 = work_dir('stage_2')
    rows = table(*folders, f'{stage_2}+{work_dir("seed2/lofi", 0.7)}')
    assert list(rows) == ['acp', 'lofi']
    assert rows['lofi']['mAP'] == '50.00 ± 17.32'
    assert rows['lofi']['gain over acp'] == '+35.00'


def test_a_run_counts_once_and_runs_of_one_seed_are_shown_as_several(call_tool, table, work_dir):
    runs = [work_dir(f'try{place}/lofi', 0.1, config='randomness = dict(seed=3)\n')
            for place in range(2)]
    assert table(*runs)['lofi']['seeds'] == '3, 3'
    with pytest.raises(SystemExit, match="'lofi' has the run .*try0/lofi 2 times; expected each "
                                         'run of a method once'):
        call_tool('compare.py', *runs, f'{runs[0]}/')


def test_each_row_says_its_seeds_where_classes_come_from_and_which_checkpoint_counts(table,
                                                                                     work_dir):
    outside = "model = dict(class_scores=dict(type='ClassScoreFile', scores='cuhk.json'))\n"
    seeds = [work_dir(f'seed{seed}/acp', 0.1, config=f'{outside}randomness = dict(seed={seed})\n')
             for seed in (3, 7)]
    head = work_dir('head', 0.3, 0.5, 0.4, config='model = dict(head=dict(num_classes=5))\n')
    unknown = work_dir('unknown', 0.3, config='model = build()\n')
    rows = table(f'ACP={seeds[0]},{seeds[1]}', head, unknown)
    assert [[rows[name][key] for key in ('seeds', 'checkpoint', 'classes')] for name in rows] == [
        ['3, 7', 'last', 'outside'], ['1 of ?', 'last', 'head'], ['1 of ?', 'last', '?']]
    assert rows['head']['mAP'] == '40.00'
    best = table(head, '--checkpoint', 'best')['head']
    assert (best['mAP'], best['checkpoint']) == ('50.00', 'best of 3')


@pytest.fixture
def annotations(tmp_path):
    """Twenty videos with one action each."""
    path = tmp_path / 'annotations.json'
    path.write_text(json.dumps(dict(database={f'v{place}': dict(
        subset='validation', duration=100, annotations=[dict(segment=[10, 30], label='run')])
        for place in range(20)})))
    return path


@pytest.fixture
def detecting(work_dir, annotations, tmp_path):
    """A training that finds the first `right` videos, and was validated as it was, or as said."""
    def write(name: str, right: int, *, validated: float | None = None, video: str = 'v') -> Path:
        file = tmp_path / 'detections.json'
        file.write_text(json.dumps(dict(results={f'{video}{place}': [
            dict(segment=[10, 30] if place < right else [60, 80], label='run',
                 score=0.5 + place / 100)] for place in range(20)})))
        if validated is None:
            records = load_annotations(annotations, 'validation')
            validated = detection_map(records, load_detections(file)).average_mAP
        return file.rename(work_dir(name, validated) / file.name).parent
    return write


def test_a_bootstrap_says_how_sure_each_gain_is(table, detecting, annotations, tmp_path):
    methods = {name: [detecting(f'{name}{seed}', right) for seed, right in enumerate(both)]
               for name, both in (('ACP', (10, 11)), ('even', (11, 10)), ('far', (17, 18)))}
    rows = table(*(f'{name}=' + ','.join(map(str, folders)) for name, folders in methods.items()),
                 '--bootstrap', '200', '--ground-truth', annotations,
                 '--out', tmp_path / 'all.json', tmp_path / 'all.png')
    assert rows['ACP']['order turns'] == rows['ACP']['95% interval'] == '-'
    assert rows['far']['order turns'] == '0.0%'
    low, high = map(float, rows['even']['95% interval'].split(' to '))
    assert low < 0 < high
    found = json.loads((tmp_path / 'all.json').read_text())
    gain = found['methods']['far']['gain']
    assert 0 < gain['low'] < gain['value'] < gain['high']
    assert rows['far']['gain over ACP'] == f'{gain["value"]:+.2f}'
    assert found['methods']['ACP']['gain'] is None
    assert [run['checkpoint'] for run in found['methods']['ACP']['runs']] == ['last', 'last']
    assert [found['bootstrap'][key] for key in ('resamples', 'level', 'tiou')] == [
        200, 0.95, '0.5:0.95:0.05']
    assert (tmp_path / 'all.png').read_bytes()[:4] == b'\x89PNG'


def test_detections_of_another_checkpoint_than_the_row_says_are_refused(
        call_tool, detecting, annotations):
    """Their gain and its interval would be of two things."""
    other = detecting('lofi', 15, validated=0.6)
    with pytest.raises(SystemExit, match='lofi/detections.json has an average mAP of .* and the '
                                         'last validation of its training 60.00 %; expected the '
                                         'same: write the detections of that checkpoint'):
        call_tool('compare.py', detecting('acp', 10), other, '--bootstrap', '--ground-truth',
                  annotations)


def test_classes_are_ignored_as_in_other_tools_that_read_a_ground_truth(
        call_tool, detecting, annotations):
    with pytest.raises(SystemExit, match=r"compare: asked to ignore the classes \['Run'\]"):
        call_tool('compare.py', detecting('acp', 10), detecting('lofi', 12), '--bootstrap',
                  '--ground-truth', annotations, '--ignore-classes', 'Run')


def test_what_is_wrong_with_detections_is_said_with_their_file(call_tool, detecting, annotations,
                                                               capsys):
    acp, few, other = detecting('acp', 10), detecting('few', 12), detecting(
        'other', 12, validated=0.1, video='w')
    found = json.loads((few / 'detections.json').read_text())
    for place in range(12, 20):     # not one is right, so that the mAP would be higher
        found['results'][f'v{place}'][0]['score'] = 0.1
    del found['results']['v19']
    (few / 'detections.json').write_text(json.dumps(found))
    (few / '20260101_000000/vis_data/scalars.json').write_text(json.dumps(dict(mAP=0.6)))
    options = '--bootstrap', 100, '--ground-truth', annotations
    call_tool('compare.py', acp, few, *options)
    assert capsys.readouterr().err == (
        f'warning: {few}/detections.json: 1 of 20 videos of the ground truth have no detection; '
        'their actions count as missed\n')
    with pytest.raises(SystemExit, match='compare: .*other/detections.json: no video of the 20 '
                                         'detections is in the ground truth'):
        call_tool('compare.py', acp, other, *options)


def test_a_bootstrap_of_one_method_is_sent_to_the_tool_that_has_it(call_tool, detecting,
                                                                   annotations):
    with pytest.raises(SystemExit, match="'acp' is the only method; expected another: .*"
                                         'eval_detections.py --bootstrap'):
        call_tool('compare.py', detecting('acp', 10), '--bootstrap', '--ground-truth', annotations)


def test_runs_without_detections_are_told_how_to_write_them(call_tool, work_dir, annotations):
    with pytest.raises(SystemExit, match='has no detections.json; expected its detections: write '
                                         'them by tools/test.py'):
        call_tool('compare.py', work_dir('acp', 0.1), '--bootstrap', '--ground-truth', annotations)


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
    ('ACP={unscored},', r"unscored,' is no \[NAME=\]DIR; expected such as"),
    ('ACP=none', 'none has no cost.json; expected the work dir of a finished training'),
    ('ACP={unscored}', 'unscored has no mAP in its logs; expected a training with validation')])
def test_what_cannot_be_compared_is_named(method, message, call_tool, work_dir):
    with pytest.raises(SystemExit, match=message):
        call_tool('compare.py', method.format(unscored=work_dir('unscored')))


@pytest.mark.parametrize('content', ['{', '[]', '{"seconds": 3}'])
def test_a_cost_that_cannot_be_read_is_named_by_its_file(content, call_tool, work_dir):
    folder = work_dir('acp', 0.2)
    (folder / 'cost.json').write_text(content)
    with pytest.raises(SystemExit, match=r'acp/cost\.json cannot be read .* expected what a fin'):
        call_tool('compare.py', f'ACP={folder}')


@pytest.mark.parametrize(('option', 'message'), [
    (('--baseline', 'icp'), r"--baseline 'icp' is none of \['ACP'\]; expected one of"),
    (('--out', '/dev/null/table.md'), 'compare: .*/dev/null'),
    (('--out', 'table.csv'), "table.csv ends in '.csv'; expected .md for the table"),
    (('--bootstrap',), '2')])
def test_options_that_make_no_sense_are_refused(option, message, call_tool, work_dir):
    with pytest.raises(SystemExit, match=message):
        call_tool('compare.py', f'ACP={work_dir("acp", 0.2)}', *option)


@pytest.mark.slow
def test_the_figures_of_a_real_training_are_found(table, lofi, gtad):
    row = table(f'LoFi={lofi.folder}+{gtad.folder}')['LoFi']
    costs = [json.loads((run.folder / 'cost.json').read_text()) for run in (lofi, gtad)]
    assert row['seconds'] == f'{sum(cost["seconds"] for cost in costs):.0f}'
    assert 0 <= float(row['mAP']) <= 100
