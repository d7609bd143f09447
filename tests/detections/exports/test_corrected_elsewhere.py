"""Each program's file, read again by the reader of what the program writes, says the same."""
from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from exported_classes import CLASSES

from mmlofi.datasets.annotations.labelling.formats import read_labels
from mmlofi.datasets.annotations.labelling.take import take
from mmlofi.detections.exports.formats import EXPORTS, write_exports
from mmlofi.detections.exports.via import to_via


@pytest.fixture
def back(found, numbered_video, tmp_path):
    """Writes a format and reads it as labels."""
    def back(name, written=0, **settings):
        path = write_exports([name], [found], CLASSES, tmp_path)[written]
        return path, read_labels([path], [numbered_video], **settings)
    return back


def same(labels, found, *, within):
    rows = take(labels, ['*']).rows
    assert not labels.faults
    assert [row.label for row in sorted(rows, key=lambda row: row.start_sec)] == [
        one.label for one in found.segments]
    times = sorted((row.start_sec, row.end_sec) for row in rows)
    assert times == [pytest.approx((one.start_sec, one.end_sec), abs=within)
                     for one in found.segments]
    assert {row.video for row in rows} == {found.file}


def test_elan_s_tiers_come_back(back, found):
    pytest.importorskip('pympi')
    path, labels = back('elan')
    same(labels, found, within=1e-3)
    assert {row.source for row in labels.rows} == {'detections', 'detections 2'}
    root = ElementTree.parse(path).getroot()
    assert [one.text for one in root.iter('CVE_VALUE')] == list(CLASSES)
    medium = root.find('HEADER/MEDIA_DESCRIPTOR')
    assert medium.get('RELATIVE_MEDIA_URL') == './numbered.mp4'
    assert medium.get('MEDIA_URL').startswith('file:///')


def test_label_studio_s_predictions_come_back_once_they_were_submitted(back, found, tmp_path):
    path, labels = back('label_studio')
    assert labels.left_over == {'tasks without an annotation': 1}   # nobody has looked at them
    (task,) = json.loads(path.read_text())
    assert task['data'] == dict(video='/data/local-files/?d=numbered.mp4', fps=10.0)
    assert task['predictions'][0]['score'] == 0.9
    region = task['predictions'][0]['result'][1]
    assert (region['score'], region['value']) == (0.25, dict(
        ranges=[dict(start=11, end=25)], timelinelabels=['stir, fast']))
    path.write_text(json.dumps([dict(id=1, data=task['data'], annotations=[
        dict(result=task['predictions'][0]['result'])], predictions=task['predictions'])]))
    same(read_labels([path], [found.path], frame_rate='$fps'), found, within=1e-6)
    interface = ElementTree.parse(tmp_path / 'label_studio.xml').getroot()
    assert [one.get('value') for one in interface.iter('Label')] == list(CLASSES)
    assert interface.find('Video').get('frameRate') == '$fps'
    assert interface.find('TimelineLabels').get('name') == region['from_name']


def test_via_s_project_comes_back(back, found):
    path, labels = back('via')
    same(labels, found, within=1e-3)
    project = json.loads(path.read_text())
    assert project['file'] == {'1': dict(fid=1, fname='numbered.mp4', type=4, loc=3,
                                         src=found.path.as_uri())}
    at_url = to_via([replace(found, url='https://host/a.mp4')], CLASSES)
    assert at_url['file']['1']['loc'] == 2
    assert at_url['file']['1']['src'] == 'https://host/a.mp4'
    assert list(project['attribute']['1']['options'].values()) == list(CLASSES)


def test_cvat_s_tracks_come_back(back, found):
    path, labels = back('cvat')
    same(labels, found, within=1e-6)
    root = ElementTree.parse(path).getroot()
    first, last = list(root.iter('track'))[0], list(root.iter('track'))[-1]
    assert [(box.get('frame'), box.get('outside')) for box in first] == [
        ('0', '0'), ('14', '0'), ('15', '1')]
    assert [(box.get('frame'), box.get('outside')) for box in last] == [('80', '0'), ('99', '0')]
    assert (first[0].get('xbr'), first[0].get('ybr')) == ('80.00', '64.00')


def test_a_video_without_a_file_and_without_a_segment_is_written_too(unseen, tmp_path):
    pytest.importorskip('pympi')
    names = set(EXPORTS) - {'cvat', 'otio'}
    written = write_exports(sorted(names), [unseen], CLASSES, tmp_path)
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()}
    assert 'day_empty.eaf' in {path.name for path in written}
    assert json.loads((tmp_path / 'label_studio.json').read_text())[0]['data']['fps'] == 24
    for name in ('cvat', 'otio'):
        if name == 'otio':
            pytest.importorskip('opentimelineio')
        with pytest.raises(ValueError, match="the file of the video 'day/empty' is not known"):
            write_exports([name], [unseen], CLASSES, tmp_path)
