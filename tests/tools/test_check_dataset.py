"""Each fault that files of a data set can have, made on purpose and found, and what is said."""
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
