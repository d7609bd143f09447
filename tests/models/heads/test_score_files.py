"""Class scores as other classifiers leave them, in hand-made files."""
from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator

from mmlofi.models import ClassScoreFile
from mmlofi.models.heads.score_files import THUMOS_COLUMNS


def sample(name):
    return ActionDataSample(metainfo=dict(video_name=name))


def scored(scores, *names):
    return scores.predict(torch.zeros(len(names), 1, 1), [sample(name) for name in names])


# ---- npy

@pytest.fixture
def untrimmednet(tmp_path):
    """Row r, column c holds r + c / 1000."""
    array = np.arange(1574)[:, None] + np.arange(101)[None] / 1000
    np.save(tmp_path / 'uNet_test.npy', array.astype(np.float32))
    return str(tmp_path / 'uNet_test.npy')


def test_untrimmednets_rows_are_numbers_of_test_videos_and_its_columns_thumos_classes(untrimmednet):
    classes = ['VolleyballSpiking', 'BaseballPitch', 'Diving']
    found = scored(ClassScoreFile(path=untrimmednet, classes=classes), 'video_test_0000123',
                   'video_test_0000001')
    torch.testing.assert_close(found, torch.tensor([[122.096, 122.006, 122.025],
                                                    [0.096, 0.006, 0.025]]))


def test_the_columns_of_thumos_classes_are_in_the_alphabets_order():
    assert len(THUMOS_COLUMNS) == 20
    assert list(THUMOS_COLUMNS) == sorted(THUMOS_COLUMNS)
    assert list(THUMOS_COLUMNS.values()) == sorted(THUMOS_COLUMNS.values())


def test_a_video_beyond_it_is_named(untrimmednet):
    scores = ClassScoreFile(path=untrimmednet, classes=['Diving'])
    scores.require(['video_test_0001574'])
    with pytest.raises(ValueError, match=r'has no scores for 4 of 5 videos, the first: '
                                         r"\['video_test_0001575', 'video_validation_0000051', "
                                         r"'x'\], but for 1574 others"):
        scores.require(['video_test_0000004', 'video_test_0001575', 'video_validation_0000051',
                        'x', 'y', 'x'])


def test_an_array_of_ones_own_needs_the_names_of_its_rows(tmp_path):
    np.save(tmp_path / 'own.npy', [[1.0, 2], [3, 4]])
    settings = dict(path=str(tmp_path / 'own.npy'), classes=['run', 'jump'])
    with pytest.raises(ValueError, match=r'own.npy. holds an array of shape \(2, 2\), and nothing '
                                         'says which videos.*give `videos`'):
        ClassScoreFile(**settings)
    with pytest.raises(ValueError, match='scores of 2 videos, and `videos` names 3'):
        ClassScoreFile(**settings, videos=['a', 'b', 'c'])
    assert scored(ClassScoreFile(**settings, videos=['b', 'a.2']), 'a.2', 'v_b').tolist() == [
        [3, 4], [1, 2]]
    (tmp_path / 'names.txt').write_text('jump\nrun\n')
    turned = ClassScoreFile(**settings, videos=['b', 'a'], file_classes=f'{tmp_path}/names.txt')
    assert scored(turned, 'a').tolist() == [[4, 3]]
    with pytest.raises(ValueError, match='has 2 scores of a video, for 3 names of classes; expected'
                                         ' as many.*`file_classes`'):
        ClassScoreFile(**dict(settings, classes=['run', 'jump', 'swim']), videos=['a', 'b'])


def test_rows_of_an_array_that_share_a_name_are_refused(tmp_path):
    np.save(tmp_path / 'own.npy', np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"several rows for 1 videos, such as \['my'\]; expected "
                                         'one a video, with names without spaces'):
        ClassScoreFile(path=str(tmp_path / 'own.npy'), classes=['run'],
                       videos=['my first.mp4', 'my second.mp4', 'other.mp4'])


@pytest.mark.parametrize('array', [np.zeros(3), np.zeros((1, 2, 3)), np.zeros((2, 2), bool)])
def test_an_array_of_something_else_is_refused(array, tmp_path):
    np.save(tmp_path / 'x.npy', array)
    with pytest.raises(ValueError, match=r'x\.npy. holds an array of shape .* expected scores'):
        ClassScoreFile(path=str(tmp_path / 'x.npy'), classes=['a'], videos=['a'])


# ---- what MMAction2 dumps

@pytest.fixture
def dumped(tmp_path):
    """Writes scores as `DumpResults`, the metric behind --dump, does."""
    def write(rows, **meta):
        samples = []
        for place, row in enumerate(rows):
            one = ActionDataSample(metainfo=dict(
                img_shape=(4, 4), **{key: values[place] for key, values in meta.items()}))
            samples.append(one.set_pred_score(torch.tensor(row)).set_pred_label(0).set_gt_label(1))
        path = tmp_path / 'out.pkl'
        evaluator = Evaluator(dict(type='DumpResults', out_file_path=str(path)))
        evaluator.process(samples)
        evaluator.evaluate(len(samples))
        return str(path)
    return write


def test_a_recognizers_scores_come_in_the_order_of_its_annotation_file(dumped, tmp_path):
    (tmp_path / 'test.txt').write_text('videos/v_a.mp4 0\nvideos/b.avi 3 1\n\n')
    scores = ClassScoreFile(path=dumped([[0.25, 0.75], [1.0, 0.0]]), classes=['run', 'jump'],
                            videos=f'{tmp_path}/test.txt')
    assert scored(scores, 'b', 'a').tolist() == [[1, 0], [0.25, 0.75]]
    assert scored(ClassScoreFile(path=scores.path, classes=['jump'], file_classes=['run', 'jump'],
                                 videos=f'{tmp_path}/test.txt'), 'b').tolist() == [[0]]


def test_a_recognizers_scores_may_name_their_videos_and_clips_of_one_are_averaged(dumped):
    path = dumped([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]], filename=['x/a.mp4', 'b.mkv', 'y/a.mp4'])
    scores = ClassScoreFile(path=path, classes=['run', 'jump'])
    assert scored(scores, 'a', 'b').tolist() == [[0.375, 0.625], [1, 0]]


def test_a_dump_that_names_no_video_says_how_it_can(dumped):
    with pytest.raises(ValueError, match=r'out\.pkl. does not name its 1 videos; expected .*'
                                         r"PackActionInputs\(meta_keys=\('filename',\)\)"):
        ClassScoreFile(path=dumped([[0.25, 0.75]]), classes=['run', 'jump'])
    with pytest.raises(FileNotFoundError, match="no list of names at 'none.txt'"):
        ClassScoreFile(path=dumped([[0.25, 0.75]]), classes=['run', 'jump'], videos='none.txt')


def test_dumps_of_arrays_and_lists_are_read_too(tmp_path):
    entries = [dict(pred_score=np.array([1.0, 2]), filename='a.mp4'),
               dict(pred_score=[3.0, 4], filename='b.mp4')]
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps(entries))
    scores = ClassScoreFile(path=str(tmp_path / 'x.pkl'), classes=['run', 'jump'])
    assert scored(scores, 'b', 'a').tolist() == [[3, 4], [1, 2]]


class Harmful:
    def __reduce__(self):
        return print, ('harm',)


@pytest.mark.parametrize(('content', 'message'), [
    (pickle.dumps([Harmful()]), r'x\.pkl. was not loaded, because it holds builtins\.print'),
    (pickle.dumps([1])[:-1], r'x\.pkl. cannot be read'), (b'', r'x\.pkl. cannot be read'),
    (pickle.dumps([]), 'no list of dicts with "pred_score"'),
    (pickle.dumps(dict(a=1)), 'no list of dicts'), (pickle.dumps([dict(a=1)]), 'no list of dicts')])
def test_another_pickle_is_refused_and_runs_nothing(content, message, tmp_path, capsys):
    (tmp_path / 'x.pkl').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        ClassScoreFile(path=str(tmp_path / 'x.pkl'), classes=['a'])
    assert capsys.readouterr().out == ''


def test_a_dump_that_is_no_pickle_is_named(tmp_path):
    (tmp_path / 'x.pkl').write_bytes(b'\x80\x04X\x03\x00\x00\x00\xff\xff\xff.')
    with pytest.raises(ValueError, match=r'x\.pkl. cannot be read .*write it again'):
        ClassScoreFile(path=str(tmp_path / 'x.pkl'), classes=['a'])


@pytest.mark.parametrize('content', ['[]', '{"class": ["a"], "results": [1]}',
                                     '{"class": 2, "results": {}}', '{"class": ["a"]}'])
def test_a_json_of_something_else_is_refused(content, tmp_path):
    (tmp_path / 'x.json').write_text(content)
    with pytest.raises(ValueError, match=r'x\.json. has no "class" and "results"; expected'):
        ClassScoreFile(path=str(tmp_path / 'x.json'), classes=['a'])


def test_scores_that_are_not_finite_are_refused_with_their_videos(tmp_path):
    (tmp_path / 'x.json').write_text(
        '{"class": ["a", "b"], "results": {"v": [NaN, 1], "w": [0, 1], "x": [0, Infinity]}}')
    with pytest.raises(ValueError, match=r"not finite for 2 of 3 videos, the first: \['v', 'x'\]"):
        ClassScoreFile(path=str(tmp_path / 'x.json'), classes=['a'])


def test_a_file_of_another_suffix_is_refused(tmp_path):
    (tmp_path / 'scores.csv').write_text('')
    with pytest.raises(ValueError, match=r"scores\.csv' ends in '\.csv'; expected class scores"):
        ClassScoreFile(path=str(tmp_path / 'scores.csv'), classes=['a'])


def nested(depth):
    """A list that repeats itself: 10 ** depth numbers in a few bytes."""
    value = [0.5] * 10
    for _ in range(depth - 1):
        value = [value] * 10
    return value


@pytest.mark.parametrize('row', [nested(30), {'a': 1}, 'ab', None, [True, False], [[1], [2]],
                                 np.array([True, False]), np.array([1j, 2]), ['1', '2'],
                                 [0.1, None], pytest.param(10 ** 5000, id='long'),
                                 [10 ** 5000, 'a']])
def test_what_is_no_list_of_numbers_is_named_with_its_video(row, tmp_path):
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps([dict(pred_score=row, filename='v.mp4')]))
    with pytest.raises(ValueError, match=r"x\.pkl. (has .* for the video 'v'; expected a list of|"
                                         'was not loaded, because it holds an array)'):
        ClassScoreFile(path=str(tmp_path / 'x.pkl'), classes=['a', 'b'])


@pytest.mark.parametrize(('content', 'fault'), [
    ('{"class": ["a"], "results": {"v": [1], "v": [0]}}', "has 'v' more than once, with other"),
    ('{"class": ["a", "a"], "results": {"v": [1, 0]}}', r"several columns for 1 classes.*\['a'\]"),
    ('{"class": [1], "results": {"v": [1]}}', 'has no "class" and "results"'),
    ('{"class": ["a"], "results": {"v": [true]}}', r"has \[True\] for the video 'v'"),
    ('{"class": ["a"], "results": {"v": [1' + '0' * 400 + ']}}', 'too large'),
    ('{"class": ["a"], "results": {"v": [1e60]}}', 'not finite for 1 of 1'),
    ('{"class": ["a"], "results": {"v": [1, 2]}}', "has 2 scores for the video 'v'; expected 1"),
    ('[' * 100_000, 'is not valid json'), ('{"class"', 'is not valid json')])
def test_a_json_that_says_what_cannot_be_is_named(content, fault, tmp_path):
    (tmp_path / 'x.json').write_text(content)
    with pytest.raises(ValueError, match=rf'x\.json. .*{fault}'):
        ClassScoreFile(path=str(tmp_path / 'x.json'), classes=['a'])


def test_a_byte_order_mark_is_taken_in_json_and_in_lists_of_names(tmp_path):
    (tmp_path / 'x.json').write_text('{"class": ["a"], "results": {"v": [0.5]}}', 'utf-8-sig')
    (tmp_path / 'names.txt').write_text('b\n', 'utf-8-sig')
    scores = ClassScoreFile(path=str(tmp_path / 'x.json'), classes=['b'],
                            file_classes=str(tmp_path / 'names.txt'))
    assert scored(scores, 'v').tolist() == [[0.5]]


@pytest.mark.parametrize('videos', [['', 'b'], ['a', None], ['a', '  ']])
def test_a_row_without_a_name_is_said(videos, tmp_path):
    np.save(tmp_path / 'x.npy', np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r'`videos` of .*x\.npy. has .* in place [01]; expected '
                                         'the name of a video'):
        ClassScoreFile(path=str(tmp_path / 'x.npy'), classes=['a'], videos=videos)


def test_an_array_of_objects_is_not_run(tmp_path, capsys):
    np.save(tmp_path / 'x.npy', np.array([[Harmful()]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r'x\.npy. cannot be read \(it holds objects, which would'):
        ClassScoreFile(path=str(tmp_path / 'x.npy'), classes=['a'], videos=['v'])
    assert capsys.readouterr().out == ''


def test_a_json_is_read_as_detections_are_in_utf_16_and_with_equal_repeats(tmp_path):
    (tmp_path / 'x.json').write_text(
        '{"class": ["a"], "results": {"v": [0.5], "v": [0.5]}}', 'utf-16')
    scores = ClassScoreFile(path=str(tmp_path / 'x.json'), classes=['a'])
    assert scored(scores, 'v').tolist() == [[0.5]]
