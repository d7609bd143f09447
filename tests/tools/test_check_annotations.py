"""Each fault that annotations of a data set can have, made on purpose and found."""
from __future__ import annotations

import json
import shutil

import pytest
from checked import GOOD, action, faults_of


@pytest.mark.parametrize(('entry', 'kind', 'stops'), [
    (dict(annotations=[action(1, 0.5)]), 'reversed', True),
    (dict(annotations=[action(float('nan'), 1)]), 'reversed', True),
    (dict(annotations=[action(4, 5)]), 'outside', True),
    (dict(annotations=[action(1, 1), action(0, 1)]), 'no length', False),
    (dict(duration=9.0, annotations=[action(7, 8)]), 'after end', True),
    (dict(duration=9.0, annotations=[action(1, 8)]), 'over end', False),
    (dict(duration=9.0), 'duration', False)])
def test_a_bad_segment_or_duration_is_found(make_dataset, run_check, entry, kind, stops):
    make_dataset(**GOOD | dict(a=entry))
    status, output, report = run_check()
    assert bool(status) == stops
    assert kind in faults_of(report)['a']
    assert report['subsets']['training']['faults'][kind] == 1
    assert ('ERROR, ' if stops else 'warning, ') + kind in output


def test_a_duration_may_differ_by_the_tolerance(make_dataset, run_check):
    make_dataset(**GOOD | dict(a=dict(duration=2.5)))
    assert faults_of(run_check()[2]) == {}                                 # of 1 s, by default
    assert faults_of(run_check('--tolerance', 0.3)[2]) == {'a': ['duration']}


def test_a_missing_duration_is_no_fault_and_numbers_may_be_strings(make_dataset, run_check):
    make_dataset(**GOOD | dict(a=dict(duration=None, annotations=[action('0.5', '1.0')])))
    assert faults_of(run_check()[2]) == {}


def test_annotations_alone_can_be_checked(make_dataset, run_check):
    folder = make_dataset(**GOOD | dict(b=dict(annotations=[action(2, 1)])))
    shutil.rmtree(folder / 'videos')
    status, _, report = run_check(files=False)
    assert faults_of(report) == {'b': ['reversed']}
    assert '1 of 3' in status


def test_classes_without_a_video_in_a_split_are_named(make_dataset, run_check):
    make_dataset(**GOOD | dict(b=dict(annotations=[action(0, 1, 'swim')])))
    status, output, report = run_check()
    assert status == 0
    assert report['subsets']['validation']['missing_classes'] == ['swim']
    assert report['subsets']['training']['missing_classes'] == []
    assert 'no video of 1 classes in validation: swim' in output


@pytest.mark.parametrize(('entry', 'kinds'), [
    (dict(annotations=[dict(segment=[0, 1, 2], label='run'), action(0, 'one')]),
     ['bad segment', 'bad segment']),
    (dict(annotations=[action(0, 1, label) for label in (None, '', 3, ['run'])]),
     4 * ['bad label']),
    (dict(annotations=[action(1, 0, 3)]), ['bad label', 'reversed']),
    (dict(annotations=None), []), (dict(annotations='none'), ['bad entry']),
    (dict(duration='long'), ['bad duration']), (dict(subset=None), ['bad entry'])])
def test_every_fault_of_an_entry_is_found(make_dataset, run_check, entry, kinds):
    make_dataset(**GOOD | dict(a=entry))
    status, output, report = run_check(files=False)
    assert faults_of(report).get('a', []) == kinds
    assert all(f'ERROR, {kind}' in output for kind in kinds)
    assert bool(status) == bool(kinds)


def list_twice(folder, **changes):
    """Puts another entry of the video a before that of b."""
    text = (folder / 'gt.json').read_text()
    again = json.dumps(json.loads(text)['database']['a'] | changes)
    (folder / 'gt.json').write_text(text.replace('"b":', f'"a": {again}, "b":'))


@pytest.mark.parametrize('subset', [(), ('--subset', 'training'), ('--subset', 'validation')])
def test_a_video_twice_in_the_json_is_an_error_of_whichever_subset(
        make_dataset, run_check, subset, tmp_path):
    list_twice(make_dataset(**GOOD), subset='validation', annotations=[])
    status, _, report = run_check('--ann', tmp_path / 'gt.json', *subset)
    assert faults_of(report)['a'] == ['listed twice']
    assert status


def test_a_video_twice_with_the_same_entry_is_a_warning(make_dataset, run_check):
    list_twice(make_dataset(**GOOD))
    status, output, report = run_check()
    assert faults_of(report) == {'a': ['listed again']}
    assert 'warning, listed again' in output
    assert status == 0


def test_classes_that_may_be_one_are_named(make_dataset, run_check):
    make_dataset(**GOOD | dict(b=dict(annotations=[action(0, 1, 'Run ')])))
    status, output, report = run_check()
    assert "warning, classes that differ by case or spaces alone: ['Run ', 'run']" in output
    assert report['alike_classes'] == [['Run ', 'run']]
    assert status == 0


def test_a_training_subset_without_an_action_is_an_error_and_another_a_warning(
        make_dataset, run_check):
    none = dict(annotations=[])
    make_dataset(**GOOD | dict(c=dict(none, subset='validation')))
    status, output, _ = run_check()
    assert 'warning, no action in subset validation' in output
    assert status == 0
    make_dataset(**GOOD | dict(a=none, b=none))
    status, output, _ = run_check()
    assert 'ERROR, no action in subset training' in output
    assert "nothing can be trained on ['training'], which has no action" in status


@pytest.mark.parametrize('depth', [500, 5000, 100_000])
def test_an_entry_that_is_nested_deeply_is_written_or_named(make_dataset, run_check, depth):
    folder = make_dataset(**GOOD | dict(a=dict(url='DEEP')))
    text = (folder / 'gt.json').read_text()
    (folder / 'gt.json').write_text(text.replace('"DEEP"', '[' * depth + ']' * depth))
    status, output, _ = run_check('--ann', folder / 'gt.json', '--write-usable',
                                  folder / 'usable.json')
    assert status == 0 or 'nested too deeply' in status
    assert status or '3 usable videos' in output


def test_segments_of_classes_that_do_not_count_are_counted_apart(make_dataset, run_check):
    names = ['CricketBowling', 'VolleyballSpiking', *map(str, range(18))]
    make_dataset(**GOOD | dict(a=dict(annotations=[
        action(0, 1, label) for label in (*names, 'Ambiguous')]), b={}, c={}))
    output, report = run_check(files=False)[1:]
    assert report['subsets']['training']['ignored_segments'] == 0    # `run` makes 22 classes
    make_dataset(a=dict(annotations=[action(0, 1, label) for label in (*names, 'Ambiguous')]))
    output, report = run_check(files=False)[1:]
    assert report['subsets']['training']['ignored_segments'] == 1
    assert '1 more segments are of classes that do not count' in output


def test_videos_of_several_classes_and_overlapping_actions_are_counted(make_dataset, run_check):
    make_dataset(**GOOD | dict(
        a=dict(annotations=[action(0, 2), action(1, 3), action(2, 3, 'swim')]),
        b=dict(annotations=[action(0, 1), action(1, 2)])))
    status, output, report = run_check(files=False)
    assert status == 0
    assert ('training: 1 of 2 videos with actions hold several classes; of 5 actions 2 overlap one '
            'of the same class, 2 one of another') in output
    counts = [{key: report['subsets'][subset][key] for key in (
        'several_classes', 'overlap_same_class', 'overlap_other_class')}
        for subset in ('training', 'validation')]
    assert [list(one.values()) for one in counts] == [[1, 2, 2], [0, 0, 0]]
    assert 'warning, several classes a video are usual in training (1 of 2 videos)' in output
    assert 'model.class_scores.type=SegmentClassifier' in output


@pytest.mark.parametrize(('file', 'several', 'warns'), [
    ('activitynet/activity_net.v1-3.json', {'training': 5, 'validation': 6}, False),
    ('thumos14/thumos_gt.json', {'train': 27, 'test': 34}, True)])
def test_several_classes_are_usual_in_thumos14_and_not_in_activitynet(
        reference_data, run_check, file, several, warns):
    _, output, report = run_check('--ann', reference_data / 'data' / file, files=False)
    assert {subset: one['several_classes'] for subset, one in report['subsets'].items()} == several
    assert ('warning, several classes a video are usual' in output) == warns
