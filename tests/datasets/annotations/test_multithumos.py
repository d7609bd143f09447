"""MultiTHUMOS: the official text files, and the numbered json."""
from __future__ import annotations

import json

import pytest

from mmlofi.datasets.annotations import load_annotations
from mmlofi.datasets.annotations.multithumos import read_multithumos
from mmlofi.datasets.annotations.official import read_class_names

NUMBERED = {'video_test_0000896': {'subset': 'testing', 'duration': 226.77, 'actions': [
                [2, 18.6, 24.8], [1, 0.03, 0.23], [2, 230.0, 231.0], [1, 220.0, 228.0],
                [1, 30.0, 700.0]]},
            'video_validation_0000051': {'subset': 'training', 'duration': 60.0, 'actions': []}}


@pytest.fixture
def official(tmp_path):
    """The download: a file a class, and the list of classes beside them."""
    folder = tmp_path / 'multithumos' / 'annotations'
    folder.mkdir(parents=True)
    (folder / 'HighJump.txt').write_text(
        'video_test_0000896 18.6 24.8\nvideo_validation_0000051 1 2.5\n\n')
    (folder / 'Run.txt').write_text('video_test_0000896 0.03 0.23\n')
    (folder.parent / 'class_list.txt').write_text('1 Run\n2 HighJump\n')
    return folder


def write(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize('whole', [True, False])
def test_a_folder_of_text_files_becomes_entries_without_durations(official, whole):
    database, mended = read_multithumos([official.parent if whole else official]).finish()
    assert database == {
        'video_test_0000896': dict(subset='testing', annotations=[
            dict(segment=[18.6, 24.8], label='HighJump'), dict(segment=[0.03, 0.23], label='Run')]),
        'video_validation_0000051': dict(subset='training', annotations=[
            dict(segment=[1.0, 2.5], label='HighJump')])}
    assert mended == []


def test_numbers_get_the_names_of_the_list_and_slips_are_counted(official, tmp_path):
    classes = read_class_names(official.parent / 'class_list.txt')
    path = write(tmp_path / 'multithumos.json', NUMBERED)
    database, mended = read_multithumos([path], classes).finish()
    assert database['video_test_0000896'] == dict(
        subset='testing', duration=226.77, annotations=[
            dict(segment=[18.6, 24.8], label='HighJump'), dict(segment=[0.03, 0.23], label='Run'),
            dict(segment=[220.0, 226.77], label='Run')])
    assert database['video_validation_0000051']['annotations'] == []
    assert mended == ['1 actions that begin after the end of their video were left out',
                      '1 actions that run past the end of their video were cut there',
                      '1 actions that end after twice their video were left out']
    unnamed = read_multithumos([path]).finish()[0]['video_test_0000896']['annotations']
    assert [action['label'] for action in unnamed] == ['2', '1', '1']


def test_a_list_in_another_order_than_the_json_is_refused(tmp_path):
    path = write(tmp_path / 'multithumos.json', NUMBERED)
    names = {1: 'BaseballPitch', 12: 'HighJump', 20: 'VolleyballSpiking'}
    right = {number: names.get(number, f'class {number}') for number in range(1, 66)}
    assert read_multithumos([path], right).finish()[0]
    shifted = {number - 1: name for number, name in right.items()}
    with pytest.raises(ValueError, match="has 'class 2' at 1, the json 'BaseballPitch'; expected"):
        read_multithumos([path], shifted)


def test_the_first_numbers_of_the_real_json_are_thumos_classes_by_the_alphabet(reference_data):
    path = reference_data / 'data/multithumos/multithumos.json'
    if not path.is_file():
        pytest.skip(f'{path} is absent from the reference data')
    thumos = load_annotations(reference_data / 'data/thumos14/thumos_gt.json', ignore=())
    names = sorted({label for one in thumos for label in one.labels} - {'Ambiguous'})
    ours = {(name, *action[1:]): action[0] for name, entry in json.loads(path.read_text()).items()
            for action in entry['actions'] if action[0] <= 20}
    found = [(names.index(label) + 1, ours[(one.name, *segment)]) for one in thumos
             for segment, label in zip(one.segments_sec, one.labels)
             if label in names and label not in ('CliffDiving', 'Diving')   # annotated as both
             and (one.name, *segment) in ours]
    assert len(found) > 4_000
    assert sum(expected == number for expected, number in found) > 0.999 * len(found)


@pytest.mark.parametrize(('line', 'message'), [
    ('video_test_0000896 18.6', "HighJump.txt, line 2: 'video_test_0000896 18.6'; expected"),
    ('video_test_0000896 18.6 x', "HighJump.txt, line 2: has the time 'x'"),
    ('v_QOlSCBRmfWY 1 2', 'line 2: .*expected "video start end", of a video_validation_'),
    ('video_test_0000896 -3 2', 'line 2: goes from -3 s to 2 s'),
])
def test_a_line_that_cannot_be_read_is_named(official, line, message):
    (official / 'HighJump.txt').write_text(f'video_test_0000896 18.6 24.8\n{line}\n')
    with pytest.raises(ValueError, match=message):
        read_multithumos([official]).finish()


@pytest.mark.parametrize(('entry', 'message'), [
    (dict(subset='testing', duration=10, actions=[[3, 1, 2]]),
     r"'v', action 0: \[3, 1, 2\]: the class 3 is none of the 2"),
    (dict(subset='testing', duration=10, actions=[[1, 1, 2], [1, 'x', 2]]),
     "'v', action 1: .*is no number"),
    (dict(subset='testing', duration=10, actions=[[1.5, 1, 2]]), 'the class is 1.5'),
    (dict(subset='testing', duration=10, actions=[[1, 1]]), r'expected the numbers \[class, start'),
    (dict(subset='other', duration=10, actions=[]), "'v': the subset 'other'"),
    (dict(subset='testing', actions=[]), "'v': has no 'duration'; expected"),
    (dict(subset='testing', duration=0, actions=[]), "'v' has the duration 0"),
    ([], "'v': .*expected \"subset\""),
])
def test_an_entry_that_cannot_be_read_is_named(tmp_path, entry, message):
    path = write(tmp_path / 'multithumos.json', dict(NUMBERED, v=entry))
    with pytest.raises(ValueError, match=message):
        read_multithumos([path], {1: 'Run', 2: 'HighJump'}).finish()


def test_a_folder_without_text_files_and_bad_json_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='no text file; expected one a class'):
        read_multithumos([tmp_path])
    (tmp_path / 'bad.json').write_text('{"a": ')
    with pytest.raises(ValueError, match='bad.json is not valid json .*line 1'):
        read_multithumos([tmp_path / 'bad.json'])
    with pytest.raises(FileNotFoundError, match='expected official annotations'):
        read_multithumos([tmp_path / 'none.json'])
