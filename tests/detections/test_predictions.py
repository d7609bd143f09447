"""Reading and writing ActivityNet's json of predictions."""
import gc
import gzip
import json
import os

import numpy as np
import pytest

from mmlofi.detections.predictions import Detections, load_detections, save_detections


def example():
    return Detections.from_videos([
        ('b', np.array([[1.5, 2.25], [0, 1 / 3]]), np.array([0.5, 0.25]), np.array([1, 0])),
        ('a', np.empty((0, 2)), np.empty(0), np.empty(0, int)),
        ('c', np.array([[4.0, 8.0]], np.float32), np.array([0.1], np.float32), np.array([1])),
    ], ('jump', 'run'))


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_is_written_is_read_again_without_loss(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'detections.json'
    save_detections(example(), path)
    again = load_detections(path)
    assert again.to_results() == example().to_results()
    assert again.video_names == ('a', 'b', 'c')
    assert json.loads(path.read_text())['version'] == 'VERSION 1.3'
    assert os.listdir(path.parent) == ['detections.json']


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = write(tmp_path / 'detections.json', 'old')
    monkeypatch.setattr(os, 'replace', lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_detections(example(), path)
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['detections.json']


def test_numbers_may_be_strings(tmp_path):
    path = write(tmp_path / 'd.json', {'results': {'v': [
        {'label': 'jump', 'score': '0.5', 'segment': ['1.25', 3]}]}})
    detections = load_detections(path)
    assert detections.segments_sec.tolist() == [[1.25, 3.0]]
    assert detections.scores.tolist() == [0.5]


def test_gzipped_files_are_read_and_cut_off_ones_named(tmp_path):
    save_detections(example(), tmp_path / 'd.json')
    packed = gzip.compress((tmp_path / 'd.json').read_bytes())
    (tmp_path / 'd.json.gz').write_bytes(packed)
    assert load_detections(tmp_path / 'd.json.gz').to_results() == example().to_results()
    flipped = packed[:30] + bytes([packed[30] ^ 255]) + packed[31:]
    for content in (packed[:-20], flipped):
        (tmp_path / 'd.json.gz').write_bytes(content)
        with pytest.raises(ValueError, match=r'd\.json\.gz is not valid json'):
            load_detections(tmp_path / 'd.json.gz')


def test_whether_a_file_is_gzipped_is_seen_by_its_content(tmp_path):
    save_detections(example(), tmp_path / 'plain.json.gz')
    packed = gzip.compress((tmp_path / 'plain.json.gz').read_bytes())
    (tmp_path / 'packed.json').write_bytes(packed)
    for name in ('plain.json.gz', 'packed.json'):
        assert load_detections(tmp_path / name).to_results() == example().to_results()


def test_a_byte_order_mark_and_null_in_place_of_a_list_are_taken(tmp_path):
    (tmp_path / 'd.json').write_text('{"results": {"v": null}}', encoding='utf-8-sig')
    assert load_detections(tmp_path / 'd.json').video_names == ('v',)


@pytest.mark.parametrize('text', ['{"results": {"v": [DETECTION], "v": []}}',
                                  '{"results": {"v": [DETECTION]}, "results": {}}'])
def test_a_video_twice_in_a_file_is_refused_unless_it_is_the_same(tmp_path, text):
    one = json.dumps(dict(label='a', score=1, segment=[0, 1]))
    path = write(tmp_path / 'd.json', text.replace('DETECTION', one))
    with pytest.raises(ValueError, match=r'more than once, with other contents; expected every'):
        load_detections(path)
    write(path, text.replace('[]', f'[{one}]').replace('DETECTION', one).replace(
        '{}', f'{{"v": [{one}]}}'))
    assert len(load_detections(path)) == 1


def test_proposals_need_no_label(tmp_path):
    path = write(tmp_path / 'd.json', {'results': {'v': [{'score': 0.5, 'segment': [1, 3]}]}})
    assert load_detections(path, with_labels=False).classes == ('',)
    with pytest.raises(ValueError, match="video 'v', detection 0 is"):
        load_detections(path)


def test_videos_without_detections_are_kept(tmp_path):
    detections = load_detections(write(tmp_path / 'd.json', {'results': {'v': [], 'w': []}}))
    assert detections.video_names == ('v', 'w')
    assert len(detections) == 0


def test_reading_leaves_the_garbage_collector_as_it_was(tmp_path):
    with pytest.raises(ValueError, match='json'):
        load_detections(write(tmp_path / 'd.json', 'nonsense'))
    assert gc.isenabled()


@pytest.mark.parametrize(('content', 'message'), [
    ('{"results": ', 'not valid json'),
    ({'database': {}}, "no \"results\" by video \\(found \\['database'\\]\\)"),
    ([], 'found list'),
    ({'results': {'v': {'label': 'jump'}}}, "video 'v' holds dict instead of a list"),
    ({'results': {'v': [], 'w': [{'label': 'jump', 'score': 1}]}}, "video 'w', detection 0 is"),
    ({'results': {'v': [{'label': 'a', 'score': 'x', 'segment': [0, 1]}]}}, "video 'v', detection"),
    ({'results': {'v': [{'label': 'a', 'score': 1, 'segment': [0]}]}}, 'detection 0 is'),
    ({'results': {'v': [{'label': 'a', 'score': 1, 'segment': '01'}]}}, 'detection 0 is'),
    ({'results': {'v': [{'label': 3, 'score': 1, 'segment': [0, 1]}]}}, 'detection 0 is'),
    ({'results': {'v': ['jump']}}, "detection 0 is 'jump': no object"),
    ({'results': {'v': [{'label': '', 'score': 1, 'segment': [0, 1]}]}}, "the label '' is empty"),
    ({'results': {'v': [{'label': 'a', 'score': True, 'segment': [0, 1]}]}}, 'True is no number'),
    ({'results': {'v': [{'label': 'a', 'score': None, 'segment': [0, 1]}]}}, 'None is no number'),
    ({'results': {'v': [{'label': 'a', 'score': '1_0', 'segment': [0, 1]}]}}, 'is no number'),
    ({'results': {'v': [{'label': 'a', 'score': 10**400, 'segment': [0, 1]}]}}, 'is no number'),
    ({'results': {'v': [{'label': 'a', 'score': 1, 'segment': {'0': 1, '1': 2}}]}}, 'is no pair'),
    ({'results': {'': []}}, "the name of a video '' is empty"),
    ('{"results": {"v": [{"label": "a", "score": 1, "segment": [0, 1], "score": 2}]}}',
     "'score' is there more than once"),
    ('', 'it is empty'), ('{"results":' * 5000, 'nested too deeply'),
    ('{"results": {"v": [{"label": "a", "score": NaN, "segment": [0, 1]}]}}', '1 of 1 .*score nan'),
    ({'results': {'v': [{'label': 'a', 'score': 1, 'segment': [3, 1]}]}}, r'segment \[3.0, 1.0\]'),
])
def test_malformed_files_are_named_with_the_place(tmp_path, content, message):
    path = write(tmp_path / 'd.json', content)
    with pytest.raises(ValueError, match=message) as error:
        load_detections(path)
    assert str(path) in str(error.value)
    assert 'expected' in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.json'):
        load_detections(tmp_path / 'none.json')


@pytest.mark.parametrize(('change', 'message'), [
    (dict(labels=np.array([2])), 'labels from 2 to 2; expected 0 to 1'),
    (dict(scores=np.array([np.nan])), "1 of 1 .*video 'v'.*diverged"),
    (dict(segments=np.array([[0, np.inf]])), '1 of 1'),
    (dict(scores=np.array([0.5, 0.4])), "video 'v' have shapes"),
])
def test_wrong_arrays_are_named(change, message):
    parts = dict(segments=np.array([[0.0, 1.0]]), scores=np.array([0.5]),
                 labels=np.array([0])) | change
    with pytest.raises(ValueError, match=message):
        Detections.from_videos([('v', *parts.values())], ('jump', 'run'))


def test_a_video_named_twice_is_refused():
    one = ('v', np.array([[0.0, 1.0]]), np.array([0.5]), np.array([0]))
    with pytest.raises(ValueError, match=r"twice: \['v'\]"):
        Detections.from_videos([one, one], ('jump',))


def test_objects_are_not_looked_at_one_by_one_where_no_key_can_have_come_twice(tmp_path,
                                                                               monkeypatch):
    """Of half a million detections that is a quarter of the time of reading them."""
    looked = []

    def look(pairs):
        looked.append(pairs)
        return dict(pairs)
    monkeypatch.setattr('mmlofi.json_values._keep_repeats', look)
    for label, count in (('a', 0), ('a:b', 4)):
        looked.clear()
        (tmp_path / 'found.json').write_text(json.dumps(dict(
            version='1', external_data=dict(used=True), results=dict(
                v=[dict(label=label, score=0.5, segment=[0, 1])], w=[]))))
        assert load_detections(tmp_path / 'found.json').classes == (label,)
        assert len(looked) == count


@pytest.mark.parametrize('text', [
    '{"results": {"v": [], "v": [{"label": "a", "score": 1, "segment": [0, 1]}]}}',
    '{"results": {"v": [{"label": "a", "score": 1, "segment": [0, 1], "score": 2}]}}',
    '{"results": {"v": ["ab", {"label": "a", "score": 1, "segment": [0, 1], "score": 2}]}}'])
def test_a_key_that_comes_twice_is_found_among_as_many_colons_as_keys(tmp_path, text):
    (tmp_path / 'found.json').write_text(text)
    with pytest.raises(ValueError, match='more than once|instead of|no object'):
        load_detections(tmp_path / 'found.json')
