"""The scoring tool as a user runs it."""
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'eval_detections.py'


def run(*arguments):
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)],
                          capture_output=True, text=True)


@pytest.fixture
def files(tmp_path):
    truth, predictions = tmp_path / 'truth.json', tmp_path / 'predictions.json'
    truth.write_text(json.dumps(dict(database=dict(
        v=dict(subset='validation', duration=50, annotations=[
            dict(segment=['0', '10'], label='jump'), dict(segment=[20, 30], label='run')]),
        w=dict(subset='validation', duration=50, annotations=[])))))
    predictions.write_text(json.dumps(dict(results=dict(v=[
        dict(label='jump', score=0.9, segment=[0, 10]),
        dict(label='run', score=0.9, segment=[20, 26])]))))
    return predictions, truth


def test_the_table_and_the_file_hold_the_scores(files, tmp_path):
    out, other = tmp_path / 'new' / 'scores.json', tmp_path / 'other.json'
    other.write_text(json.dumps(dict(results=dict(v=[
        dict(label='jump', score=0.9, segment=[0, 6])]))))
    done = run(*files, '--tiou', '0.5,0.75', '--out', out, '--bootstrap', 200, '--against', other)
    assert done.returncode == 0, done.stderr
    assert 'mAP, %   100.00   50.00   75.00' in done.stdout
    assert '2 videos, 2 actions of 2 classes, 2 detections' in done.stdout
    assert 'warning: 1 of 2 videos of the ground truth have no detection' in done.stderr
    assert f'warning: {other}: 1 of 2 videos of the ground truth have no detection' in done.stderr
    scores = json.loads(out.read_text())
    assert scores['mAP'] == {'0.50': 1, '0.75': 0.5}
    assert scores['average_mAP'] == 0.75
    assert scores['per_class_average_AP'] == {'jump': 1, 'run': 0.5}
    assert {key: scores['bootstrap'][key]['value'] for key in (
        'average_mAP', 'against', 'difference')} == dict(
            average_mAP=0.75, against=0.25, difference=0.5)
    assert scores['bootstrap']['resamples'] == 200
    assert 'difference; the other way round in' in done.stdout


def test_recall_and_the_scores_of_each_class_are_printed_and_written(files, tmp_path):
    out = tmp_path / 'scores.json'
    done = run(*files, '--tiou', '0.5,0.75', '--per-class', '--proposals', '--topkx', '1', '5',
               '--out', out)
    assert done.returncode == 0, done.stderr
    assert 'Recall@5x, %   100.00   50.00   75.00' in done.stdout
    assert '2 proposals for 2 actions of 2 videos' in done.stdout
    lines = done.stdout.splitlines()
    (recall,) = [line for line in lines if line.startswith('AR, %')]
    assert recall[:-8] == 'AR, %   50.00   75.00   75.00   75.00   75.00'
    assert [line.split() for line in lines[-3:-1]] == [
        ['run', '100.00', '0.00', '50.00'], ['jump', '100.00', '100.00', '100.00']]
    scores = json.loads(out.read_text())
    assert scores['per_class_AP'] == {'jump': {'0.50': 1, '0.75': 1}, 'run': {'0.50': 1, '0.75': 0}}
    assert scores['topkx_recall']['Recall@1x'] == {'0.50': 1, '0.75': 0.5}
    assert scores['proposals']['average_recall'][-1] == 0.75
    # One and the same warning of three scores is printed once.
    assert done.stderr.count('have no detection') == 1


def test_proposals_alone_need_no_labels(files, tmp_path):
    predictions, truth = files
    content = json.loads(predictions.read_text())
    for item in content['results']['v']:
        del item['label']
    predictions.write_text(json.dumps(content))
    done = run(predictions, truth, '--tiou', '0.5,0.75', '--only-proposals', '--out',
               tmp_path / 'scores.json')
    assert done.returncode == 0, done.stderr
    assert 'mAP' not in done.stdout
    assert 'AR, %   50.00   75.00' in done.stdout
    assert list(json.loads((tmp_path / 'scores.json').read_text())) == ['proposals']
    refused = run(predictions, truth, '--proposals')
    assert "{'score': 0.9, 'segment': [0, 10]}" in refused.stderr


def test_perfect_detections_of_thumos14_are_perfect_with_and_without_ambiguous_ones(
        tmp_path, call_tool, capsys):
    """Its 20 classes, a segment of each beside an ambiguous one, which is found as any class."""
    classes = ['CricketBowling', 'VolleyballSpiking', *(f'class {place}' for place in range(18))]
    actions = [dict(segment=[10 * place, 10 * place + 5], label=label)
               for place, label in enumerate(classes)]
    dubious = [dict(one, segment=[one['segment'][0] + 5, one['segment'][1] + 3], label='Ambiguous')
               for one in actions]
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=dict(v=dict(
        subset='test', annotations=actions + dubious)))))
    found = [dict(one, score=0.5) for one in actions]
    found += [dict(one, label=label, score=0.9) for one, label in zip(dubious, classes)]
    found.append(dict(dubious[0], score=0.9))
    (tmp_path / 'found.json').write_text(json.dumps(dict(results=dict(v=found))))
    files = tmp_path / 'found.json', tmp_path / 'gt.json', '--subset', 'test', '--tiou', 0.5
    call_tool('eval_detections.py', *files)
    printed = capsys.readouterr()
    assert 'mAP, %   100.00  100.00' in printed.out
    assert '20 actions of 20 classes, 41 detections, 20 segments ignored' in printed.out
    assert "such as ['Ambiguous']; they are left out" in printed.err
    call_tool('eval_detections.py', *files, '--ignore-classes')
    assert '40 actions of 21 classes, 41 detections\n' in capsys.readouterr().out


@pytest.mark.parametrize('tool', ['diagnose', 'eval_detections', 'plot_detections', 'report'])
def test_a_misspelt_class_to_ignore_is_named_by_every_tool(tool, files, call_tool):
    with pytest.raises(SystemExit, match=rf"{tool}: asked to ignore the classes \['Jump'\], .* "
                                         r"expected some of \['jump', 'run'\]"):
        call_tool(f'{tool}.py', *files, '--ignore-classes', 'Jump')


def elsewhere(predictions):
    path = predictions.with_name('elsewhere.json')
    path.write_text(json.dumps(dict(results=dict(x=[dict(label='run', score=1, segment=[0, 1])]))))
    return path


@pytest.mark.parametrize(('change', 'message'), [
    (lambda predictions, truth: (predictions, truth, '--topkx', '0'), 'whole numbers'),
    (lambda predictions, truth: (predictions, truth, '--subset', 'val'), "'validation'"),
    (lambda predictions, truth: (truth, truth), 'has no "results"'),
    (lambda predictions, truth: (truth, predictions), 'has no "database"'),
    (lambda predictions, truth: (predictions, truth, '--tiou', '0.5:1'), 'tIoU thresholds'),
    (lambda predictions, truth: ('none.json', truth), "'none.json'"),
    (lambda predictions, truth: (predictions, truth, '--against', elsewhere(predictions)),
     'elsewhere.json: no video of the 1 detections is in the ground truth'),
])
def test_bad_input_gives_one_line_and_an_exit_status(files, change, message):
    done = run(*change(*files))
    assert done.returncode != 0
    assert not done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('eval_detections: ')
    assert message in last
    assert 'Traceback' not in done.stderr


def test_thumos_with_strings_and_without_durations_is_scored(reference_data, tmp_path):
    folder = reference_data / 'reference' / 'evaluation'
    predictions = tmp_path / 'predictions.json'
    predictions.write_bytes(gzip.decompress(
        (folder / 'thumos_test.predictions.json.gz').read_bytes()))
    done = run(predictions, reference_data / 'data' / 'thumos14' / 'thumos_gt.json',
               '--subset', 'test', '--tiou', '0.3:0.7:0.1')
    assert '37.97   37.45   35.77   31.91   22.91   33.20' in done.stdout, done.stderr
