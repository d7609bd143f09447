"""The diagnosis as a user asks for it."""
import json

import pytest


@pytest.fixture
def files(tmp_path):
    """Predictions and ground truth: one detection that is right, and one of every mistake."""
    truth, predictions = tmp_path / 'truth.json', tmp_path / 'predictions.json'
    truth.write_text(json.dumps(dict(database=dict(
        v=dict(subset='validation', duration=100, annotations=[
            dict(segment=[0, 10], label='jump'), dict(segment=[50, 95], label='run')]),
        w=dict(subset='validation', duration=50, annotations=[])))))
    found = [('v', 'jump', 0.9, 0, 10), ('v', 'jump', 0.8, 0, 9), ('v', 'run', 0.7, 0, 10),
             ('v', 'jump', 0.6, 0, 3), ('v', 'run', 0.5, 0, 3), ('w', 'jump', 0.4, 0, 10)]
    results = dict(v=[], w=[])
    for name, label, score, start, end in found:
        results[name].append(dict(label=label, score=score, segment=[start, end]))
    predictions.write_text(json.dumps(dict(results=results)))
    return predictions, truth


def test_the_report_is_printed_and_written(files, must_run, tmp_path):
    out = tmp_path / 'new' / 'report.json'
    text = must_run('diagnose.py', *files, '--tiou', 0.5, '--out', out)
    assert '2 videos, 2 actions of 2 classes, 6 detections' in text
    assert 'average mAP 50.00 %' in text
    lines = [line.split() for line in text.splitlines()]
    # Of the two best, jump's is right and run's has the wrong label.
    assert ['1G', '2', '50.0', '0.0', '50.0', '0.0', '0.0', '0.0'] in lines
    assert ['2G', '2', '0.0', '50.0', '0.0', '0.0', '50.0', '0.0'] in lines
    assert '50.0 % of all are missed' in text
    assert ['length', 'S', '30', 'to', '60', '1', '0.00', '0.00', '100.0'] in lines
    assert ['coverage', 'XS', 'to', '0.2', '1', '100.00', '2.00', '0.0'] in lines
    report = json.loads(out.read_text())
    assert report['average_mAP'] == 0.5
    assert report['false_positives']['bands'][3]['background'] == 1


def test_bounds_of_bins_and_missing_durations(files, must_run):
    predictions, truth = files
    content = json.loads(truth.read_text())
    del content['database']['v']['duration']
    truth.write_text(json.dumps(content))
    text = must_run('diagnose.py', predictions, truth, '--bins', 'thumos14')
    assert 'some videos with actions have no "duration"' in text
    assert '6 to 12' in text


def test_classes_that_are_all_others_are_a_warning_and_everything_is_missed(
        files, call_tool, capsys):
    predictions, truth = files
    predictions.write_text(predictions.read_text().replace('jump', 'Jump').replace('run', 'Run'))
    call_tool('diagnose.py', *files, '--ignore-classes')
    printed = capsys.readouterr()
    assert '100.0 % of all are missed' in printed.out
    assert "they have labels such as ['Jump', 'Run'], expected some of ['jump', 'run']" in \
        printed.err


@pytest.mark.parametrize(('change', 'message'), [
    (lambda predictions, truth: (truth, predictions), 'has no "database"'),
    (lambda predictions, truth: (predictions, truth, '--subset', 'val'), "'validation'"),
    (lambda predictions, truth: (predictions, truth, '--tiou', '2'), 'tIoU thresholds'),
    (lambda predictions, truth: ('none.json', truth), "'none.json'"),
])
def test_bad_input_gives_one_line_and_an_exit_status(files, change, message, call_tool):
    with pytest.raises(SystemExit) as stop:
        call_tool('diagnose.py', *change(*files))
    assert str(stop.value).startswith('diagnose: ')
    assert message in str(stop.value)
