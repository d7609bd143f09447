"""Each fault that a data set can have, made on purpose and found."""
from __future__ import annotations

import json
import shutil
import wave

import cv2
import pytest
from checked import GOOD, action, faults_of

from mmlofi.datasets import load_annotations


def test_a_good_data_set_passes_with_a_table(make_dataset, run_check):
    make_dataset(**GOOD)
    status, output, report = run_check('--workers', 2)
    assert status == 0
    assert 'nothing here would stop a training' in output
    rows = [line.split() for line in output.splitlines()[:3]]
    assert rows == [['subset', 'videos', 'segments', 'classes', 'usable'],
                    ['training', '2', '2', '1', '2'], ['validation', '1', '1', '1', '1']]
    assert report['subsets']['training']['usable'] == 2
    assert report['videos_with_faults'] == []


def test_progress_is_shown(make_dataset, call_tool, tmp_path, capsys):
    make_dataset(**GOOD)
    call_tool('check_dataset.py', '--ann', tmp_path / 'gt.json', '--videos', tmp_path / 'videos')
    assert ' 3/3, ' in capsys.readouterr().err


def make_sound(path):
    with wave.open(str(path), 'wb') as sound:
        sound.setparams((1, 2, 8000, 0, 'NONE', ''))
        sound.writeframes(bytes(16000))


def make_empty(path):
    cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 10, (64, 48)).release()


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-500])


@pytest.mark.parametrize(('spoil', 'reason'), [
    (lambda path: path.write_text('no video'), 'no video, but text that begins with'),
    (make_sound, 'no video stream, but sound (pcm_s16le)'), (make_empty, ''), (cut_off, 'cut off')])
def test_a_file_that_is_no_video_is_unreadable(make_dataset, run_check, spoil, reason):
    spoil(make_dataset(**GOOD) / 'videos' / 'b.mp4')
    status, output, report = run_check()
    assert 'check_dataset: 1 of 3 videos would stop a training' in status
    assert faults_of(report) == {'b': ['unreadable']}
    assert reason in report['videos_with_faults'][0]['faults'][0]['detail']
    assert 'ERROR, unreadable' in output


def test_a_hole_in_the_middle_is_found_by_option(make_dataset, run_check):
    path = make_dataset(**GOOD) / 'videos' / 'b.mp4'
    content = bytearray(path.read_bytes())
    content[len(content) // 3:len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    report = run_check('--check-files', 'keys')[2]
    assert faults_of(report) == {'b': ['unreadable']}
    assert "b.mp4' is damaged" in report['videos_with_faults'][0]['faults'][0]['detail']


def test_a_missing_file_and_two_files_of_one_video(make_dataset, run_check):
    videos = make_dataset(**GOOD) / 'videos'
    (videos / 'a.mp4').unlink()
    shutil.copy(videos / 'c.mp4', videos / 'v_b.mp4')
    status, _, report = run_check()
    assert faults_of(report) == {'a': ['missing'], 'b': ['several files']}
    assert 'b.mp4 and' in report['videos_with_faults'][1]['faults'][0]['detail']
    assert report['subsets']['training']['usable'] == 0
    assert '2 of 3 videos' in status


def test_files_are_found_with_v_too(make_dataset, run_check):
    videos = make_dataset(**GOOD) / 'videos'
    (videos / 'a.mp4').rename(videos / 'v_a.mp4')
    assert run_check()[0] == 0


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


def test_one_file_in_two_splits_is_an_error_of_the_first_and_in_one_a_warning(
        make_dataset, run_check):
    videos = make_dataset(**GOOD, d={}, e={}) / 'videos'
    shutil.copy(videos / 'c.mp4', videos / 'a.mp4')     # the same bytes
    (videos / 'd.mp4').unlink()
    (videos / 'd.mp4').symlink_to('e.mp4')
    status, _, report = run_check()
    found = faults_of(report)
    assert 'in two subsets' in found['a']
    assert 'same file' in found['d']
    assert 'c' not in found
    assert '1 of 5 videos' in status


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


def test_files_as_other_programs_write_them_are_good(make_dataset, run_check, tmp_path):
    folder = make_dataset(**GOOD)
    entries = json.loads((folder / 'gt.json').read_text())['database']
    (folder / 'gt.json').write_text(json.dumps(dict(database=entries)), encoding='utf-8-sig')
    assert run_check('--ann', folder / 'gt.json', '--write-usable', tmp_path / 'usable.json'
                     )[0] == 0
    mmaction2 = {name: dict(duration_second=entry['duration'], annotations=entry['annotations'])
                 for name, entry in entries.items()}
    (folder / 'gt.json').write_text(json.dumps(mmaction2))
    status, _, report = run_check('--ann', folder / 'gt.json', '--subset', 'training',
                                  '--write-usable', tmp_path / 'usable.json')
    assert (status, list(report['subsets'])) == (0, ['training'])
    assert len(load_annotations(tmp_path / 'usable.json', 'training')) == 3


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


def test_what_is_usable_is_written_as_annotations_or_names(make_dataset, run_check, tmp_path):
    folder = make_dataset(**GOOD | dict(a=dict(url='kept')), d=dict(annotations=[action(2, 1)]))
    (folder / 'videos' / 'b.mp4').write_text('no video')
    _, output, _ = run_check('--write-usable', tmp_path / 'usable.json')
    assert 'usable.json: 2 usable videos of 4' in output
    assert [record.name for record in load_annotations(tmp_path / 'usable.json')] == ['a', 'c']
    content = json.loads((tmp_path / 'usable.json').read_text())
    assert content['database']['a']['url'] == 'kept'
    run_check('--write-usable', tmp_path / 'usable.txt')
    assert (tmp_path / 'usable.txt').read_text() == 'a\nc\n'
    again = run_check('--ann', tmp_path / 'usable.json', '--videos', tmp_path / 'videos')
    assert again[0] == 0


@pytest.mark.parametrize(('arguments', 'message'), [
    ([], 'give either CONFIG or --ann'), (['c.py', '--videos', 'v'], 'go with --ann'),
    (['c.py', '--filename-tmpl', 'v_{}.mp4'], 'go with --ann'),
    (['--ann', 'a', '--cfg-options', 'a=1'], 'go with CONFIG'),
    (['--ann', 'a', '--tolerance', 'nan'], '--tolerance nan: expected seconds, 0 or more'),
    (['--ann', 'a', '--tolerance', '-1'], '--tolerance -1.0: expected seconds, 0 or more'),
    (['--ann', 'a', '--workers', '0'], 'expected 1 or more')])
def test_arguments_that_do_not_go_together_are_refused(call_tool, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        call_tool('check_dataset.py', *arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_what_cannot_be_read_is_one_line(make_dataset, call_tool, tmp_path):
    make_dataset(**GOOD)
    (tmp_path / 'acp.py').write_text("train_dataloader = dict(dataset=dict(type='VideoDataset'))")
    for arguments, message in (
            (['--ann', 'none.json'], 'no annotation file at'), (['none.py'], 'no config at'),
            ([tmp_path / 'acp.py'], 'has no UntrimmedVideoDataset'),
            (['--ann', tmp_path / 'gt.json', '--subset', 'val'], r"no video of subset \['val'\]")):
        with pytest.raises(SystemExit, match=f'check_dataset: .*{message}'):
            call_tool('check_dataset.py', *arguments)


def test_the_real_files_are_recognized_and_their_counts_shown(reference_data, run_check):
    for file, name, rows in (
            ('activitynet/activity_net.v1-3.json', 'ActivityNet-v1.3',
             [r'9649 .*10,024 (9,649', r'4728 .* 4,926 (4,728']),
            ('thumos14/thumos_gt.json', 'THUMOS14', ['200 .* 200 (', '210 .* 213 (210'])):
        status, output, _ = run_check('--ann', reference_data / 'data' / file, files=False)
        assert f'By its classes this is {name}.' in output
        for row in rows:
            left, right = row.split('.*')
            (line,) = [line for line in output.splitlines() if right.strip() in line]
            assert left.strip() in line.split()
        assert status == 0


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
