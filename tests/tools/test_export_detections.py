"""Detections of a json as other programs read them."""
from __future__ import annotations

import csv
import json

import pytest


@pytest.fixture
def predictions(tmp_path):
    """Three videos, of which one is annotated."""
    results = {'a': [dict(label='pour', score=0.9, segment=[1, 2]),
                     dict(label='stir', score=0.4, segment=[3, 4])],
               'b': [dict(label='=pour', score=0.5, segment=[1, 2])], 'c': []}
    (tmp_path / 'found.json').write_text(json.dumps(dict(results=results)))
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=dict(
        a=dict(subset='training', duration=9, annotations=[dict(segment=[0, 1], label='wipe')])))))
    return tmp_path / 'found.json'


@pytest.fixture
def export(call_tool, predictions, tmp_path, capsys):
    """Runs the tool; what was printed."""
    def export(*arguments):
        call_tool('export_detections.py', predictions, '--out', tmp_path / 'out', *arguments)
        return capsys.readouterr().out
    return export


def test_several_formats_are_written_of_the_best_segments(export, tmp_path):
    output = export('--export', 'audacity', 'via', '--threshold', 0.5, '--filename-tmpl', '{}.mkv')
    assert output.endswith('out: 4 files and order.csv, 2 segments of 3 videos\n')
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'a.labels.txt', 'b.labels.txt', 'c.labels.txt', 'order.csv', 'via.json']
    project = json.loads((tmp_path / 'out' / 'via.json').read_text())
    assert [one['fname'] for one in project['file'].values()] == ['a.mkv', 'b.mkv', 'c.mkv']
    with open(tmp_path / 'out' / 'order.csv', newline='') as file:
        assert [row['rarest_class'] for row in csv.DictReader(file)] == ['pour', "'=pour", '']


def test_annotated_videos_are_left_out_and_their_classes_can_be_chosen(export, tmp_path):
    output = export('--export', 'label_studio', '--annotations', tmp_path / 'gt.json', '--first',
                    'both', '--limit', 1, '--media-url', 'https://host/{}')
    assert '1 segments of 1 videos' in output
    (task,) = json.loads((tmp_path / 'out' / 'label_studio.json').read_text())
    assert task['data']['video'] == 'https://host/b.mp4'
    assert '<Label value="wipe"/>' in (tmp_path / 'out' / 'label_studio.xml').read_text()


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--export', 'cvat'], "the file of the video 'a' is not known.*: give --videos"),
    (['--export', 'via', '--videos', '{tmp}'], 'holds no video'),
    (['--export', 'via', '--top-k', '-1'], 'got top_k=-1'),
    (['--export', 'via', '--threshold', 'nan'], 'got threshold=nan'),
    (['--export', 'via', '--limit', '-1'], 'got limit=-1'),
    (['--export', 'via', '--limit', '0'], 'got limit=0; expected a whole number, 1 or more')])
def test_what_cannot_be_is_one_line(export, tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        export(*(one.replace('{tmp}', str(tmp_path)) for one in arguments))


def test_a_folder_that_lacks_a_video_is_named(export, tmp_path, numbered_video):
    with pytest.raises(SystemExit, match="has no file, or several, of 3 of 3 videos, such as 'a'"):
        export('--export', 'via', '--videos', numbered_video.parent)


def test_all_videos_annotated_is_said(export, tmp_path):
    content = json.loads((tmp_path / 'gt.json').read_text())['database']['a']
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=dict(a=content, b=content,
                                                                    c=content))))
    with pytest.raises(SystemExit, match='all 3 videos are annotated'):
        export('--export', 'via', '--annotations', tmp_path / 'gt.json')
