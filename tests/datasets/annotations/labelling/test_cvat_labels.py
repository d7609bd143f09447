"""CVAT's exports, as its documentation and its code have them, on a real video."""
from __future__ import annotations

import zipfile

import pytest

from mmlofi.datasets.annotations.labelling.cvat import read_cvat
from mmlofi.datasets.annotations.labelling.rows import Labels

META = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>5</id><name>interpolation</name><size>20</size><mode>interpolation</mode>
      <start_frame>10</start_frame><stop_frame>99</stop_frame>
      <frame_filter>{step}</frame_filter>
      <labels><label><name>pour</name><attributes></attributes></label></labels>
      <original_size><width>80</width><height>64</height></original_size>
      <source>numbered.mp4</source>
    </task>
    <dumped>2018-09-25 16:05:06.000000+03:00</dumped>
  </meta>
"""
BOX = ('<box frame="{}" keyframe="1" outside="{}" occluded="0" xtl="0.00" ytl="0.00" xbr="80.00" '
       'ybr="64.00" z_order="0">{}</box>')
HAND = '<attribute name="hand">{}</attribute>'


def track(*boxes, label='pour'):
    return f'<track id="0" label="{label}" source="manual">{"".join(boxes)}</track>'


@pytest.fixture
def read(tmp_path, numbered_video):
    """Reads an export: frames of 0.1 s of a video of 10 s."""
    def read(*parts, step=''):
        (tmp_path / 'annotations.xml').write_text(
            META.replace('{step}', step) + '\n'.join(parts) + '\n</annotations>\n')
        labels = Labels()
        read_cvat(tmp_path / 'annotations.xml', labels, [numbered_video])
        return labels
    return read


def segments(labels):
    assert not labels.faults
    return [(row.source, row.label, round(row.start_sec, 6), round(row.end_sec, 6))
            for row in labels.rows]


def test_a_track_lasts_until_it_is_outside(read):
    labels = read(track(BOX.format(10, 0, ''), BOX.format(30, 0, ''), BOX.format(35, 1, ''),
                        BOX.format(50, 0, ''), BOX.format(51, 1, '')))
    assert segments(labels) == [('pour', 'pour', 1, 3.5), ('pour', 'pour', 5, 5.1)]
    assert labels.rows[0].video == 'numbered.mp4'


@pytest.mark.parametrize(('step', 'end'), [('', 3.1), ('step=5', 3.5), ('step = 100', 10.0)])
def test_one_that_is_never_outside_lasts_through_its_last_frame_and_those_left_out(read, step, end):
    assert segments(read(track(BOX.format(10, 0, ''), BOX.format(30, 0, '')), step=step)) == [
        ('pour', 'pour', 1, end)]


def test_an_attribute_is_a_source_of_its_own_and_may_change(read):
    boxes = [BOX.format(frame, 0, HAND.format(hand)) for frame, hand in (
        (10, 'left'), (20, 'left'), (30, 'right'), (40, ''))]
    assert segments(read(track(*boxes, BOX.format(50, 1, HAND.format(''))))) == [
        ('pour', 'pour', 1, 5), ('pour/hand', 'left', 1, 3), ('pour/hand', 'right', 3, 4)]


def test_tags_of_frames_in_a_row_are_a_segment(read):
    def image(frame, inside=''):
        return f'<image id="{frame}" name="frame_{frame:06d}" width="80" height="64">{inside}' \
               '</image>'
    tag = '<tag label="pour" source="manual"></tag>'
    labels = read(image(10, tag), image(15, tag), image(20), image(25, tag + BOX), step='step=5')
    assert segments(labels) == [('pour', 'pour', 1, 2), ('pour', 'pour', 2.5, 3)]
    assert labels.left_over == {
        'shapes of single frames (tracks are in the export for video)': 1}


def test_a_project_s_tracks_are_of_their_tasks(read, tmp_path, numbered_video):
    text = META.replace('{step}', '').replace('<task>', '<project><id>1</id><tasks><task>').replace(
        '</task>', '</task><task><id>6</id><source>none.mp4</source></task></tasks></project>')
    of_task = track(BOX.format(10, 0, ''), BOX.format(20, 1, '')).replace(
        ' id=', ' task_id="{}" id=')
    with zipfile.ZipFile(tmp_path / 'export.zip', 'w') as archive:
        archive.writestr('annotations.xml', f'{text}{of_task.format(5)}{of_task.format(6)}'
                                            f'{of_task.format(7)}</annotations>')
    labels = Labels()
    read_cvat(tmp_path / 'export.zip', labels, [numbered_video])
    assert [(row.video, row.start_sec) for row in labels.rows] == [('numbered.mp4', 1)]
    assert list(labels.videos) == ['numbered.mp4', 'none.mp4']
    assert "track 0: names the video 'none.mp4', which" in labels.faults[0]
    assert "track 0: is of the task 7; expected one of ['5', '6']" in labels.faults[1]


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch, tmp_path):
    with zipfile.ZipFile(tmp_path / 'export.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('annotations.xml', META + ' ' * 100_000)
    monkeypatch.setattr('mmlofi.datasets.annotations.labelling.cvat.MOST_BYTES', 50_000)
    with pytest.raises(ValueError, match=r'unpacks to 100,\d+ bytes; expected 50,000 at most'):
        read_cvat(tmp_path / 'export.zip', Labels(), [])


    (tmp_path / 'large.xml').write_text(META + ' ' * 100_000)
    with pytest.raises(ValueError, match=r'xml has 100,\d+ bytes; expected 50,000 at most'):
        read_cvat(tmp_path / 'large.xml', Labels(), [])


@pytest.mark.parametrize(('first', 'values', 'reason'), [
    (60, b'\xff' * 9, 'decompressing'), (6, b'\1', 'encrypted'),
    (8, b'\x61', 'compression method')])
def test_a_zip_that_cannot_be_unpacked_is_refused(tmp_path, first, values, reason):
    path = tmp_path / 'export.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('annotations.xml', META)
    content = bytearray(path.read_bytes())
    for start in [0] + [content.index(b'PK\1\2') + 2] * (first < 30):    # both of its headers
        content[start + first:start + first + len(values)] = values
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'export.zip cannot be read .*{reason}.*; expected the'):
        read_cvat(path, Labels(), [])


def test_other_xml_is_refused(tmp_path):
    for text, message in (('<html/>', 'begins with <html>; expected <annotations>'),
                          ('<?xml version="1.0" encoding="none"?><a/>', 'cannot be read'),
                          ('no xml', 'cannot be read .*expected the annotations.xml of CVAT'),
                          ('<annotations><meta/></annotations>', 'not say of which video')):
        (tmp_path / 'other.xml').write_text(text)
        with pytest.raises(ValueError, match=message):
            read_cvat(tmp_path / 'other.xml', Labels(), [])
