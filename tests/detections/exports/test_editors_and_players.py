"""Time lines, chapters and label tracks, by their own readers or word for word."""
from __future__ import annotations

from dataclasses import replace

import av
import pytest
from exported_classes import CLASSES

from mmlofi.detections.exports.audacity import to_audacity
from mmlofi.detections.exports.chapters import to_ffmetadata, to_webvtt, to_youtube
from mmlofi.detections.exports.formats import require_libraries, write_exports
from mmlofi.detections.exports.table import to_csv
from mmlofi.detections.exports.videos import Segment


def test_audacity_s_labels_are_start_end_and_class(found):
    assert to_audacity(found).splitlines() == [
        '0.000000\t1.500000\tpour', '1.000000\t2.500000\tstir, fast',
        '3.000000\t4.000000\tpour', '8.000000\t10.000000\twipe & <dry>']
    odd = replace(found, segments=(Segment(0, 1, 'a\tb\nc', 1.0),))
    assert to_audacity(odd) == '0.000000\t1.000000\ta b c\n'


def test_praat_s_tiers_are_those_that_its_reader_finds(found, tmp_path):
    praat = pytest.importorskip('pympi').Praat
    (path,) = write_exports(['praat'], [found], CLASSES, tmp_path)
    grid = praat.TextGrid(str(path))
    assert grid.xmax == pytest.approx(10)
    assert {tier.name: [one for one in tier.get_intervals() if one[2]]
            for tier in grid.get_tiers()} == {
        'detections': [(0, 1.5, 'pour'), (3, 4, 'pour'), (8, 10, 'wipe & <dry>')],
        'detections 2': [(1, 2.5, 'stir, fast')]}


def test_an_editor_s_time_line_has_a_marker_for_each_segment(found, tmp_path):
    otio = pytest.importorskip('opentimelineio')
    (path,) = write_exports(['otio'], [found], CLASSES, tmp_path)
    (clip,) = otio.adapters.read_from_file(str(path)).find_clips()
    assert clip.duration().to_seconds() == pytest.approx(10)
    assert clip.media_reference.target_url == found.path.as_uri()
    assert [(one.name, one.marked_range.start_time.to_seconds(),
             one.marked_range.end_time_exclusive().to_seconds()) for one in clip.markers] == [
        (one.label, pytest.approx(one.start_sec), pytest.approx(one.end_sec))
        for one in found.segments]
    assert clip.markers[0].color == clip.markers[2].color != clip.markers[1].color
    assert clip.markers[1].metadata['mmlofi']['score'] == 0.25


def test_ffmpeg_finds_its_chapters(found, tmp_path):
    text = to_ffmetadata(replace(found, segments=(*found.segments, Segment(4, 5, 'a=b;#c\\', 1.))))
    assert 'title=wipe & <dry>\n' in text
    assert 'title=a\\=b\\;\\#c\\\\ \n' in text
    (tmp_path / 'a.ffmetadata').write_text(text)
    with av.open(str(tmp_path / 'a.ffmetadata'), format='ffmetadata') as file:
        chapters = [(float(one['start'] * one['time_base']), float(one['end'] * one['time_base']),
                     one['metadata']['title']) for one in file.chapters()]
    assert chapters == [(0, 1, 'pour'), (1, 1.5, 'pour, stir, fast'), (1.5, 2.5, 'stir, fast'),
                        (3, 4, 'pour'), (4, 5, 'a=b;#c\\ '), (8, 10, 'wipe & <dry>')]


def test_browsers_chapters_are_cues(found):
    assert to_webvtt(found).startswith('WEBVTT\n\n00:00:00.000 --> 00:00:01.000\npour\n\n')
    assert '00:00:08.000 --> 00:00:10.000\nwipe &amp; &lt;dry&gt;\n' in to_webvtt(found)


@pytest.mark.parametrize(('spans', 'lines'), [
    ([(12, 30, 'pour'), (95, 110, 'stir')],
     ['0:00 –', '0:12 pour', '0:30 –', '1:35 stir']),
    ([(0, 4, 'pour'), (4, 8, 'stir'), (3700, 3720, 'wipe'), (3800, 3815, 'pour')],
     ['0:00 pour, stir', '1:01:40 wipe', '1:02:00 –', '1:03:20 pour']),
    ([(3, 5, 'pour')], ['0:00 pour']), ([], ['0:00 –'])])
def test_youtube_s_chapters_begin_at_0_and_are_of_ten_seconds(found, spans, lines):
    video = replace(found, path=None, segments=tuple(
        Segment(start, end, label, 1.0) for start, end, label in spans))
    assert to_youtube(video).splitlines() == lines


def test_a_library_that_is_not_there_is_named_before_the_work(monkeypatch):
    for module, name in (('pympi', 'elan'), ('opentimelineio', 'otio')):
        monkeypatch.setitem(__import__('sys').modules, module, None)
        with pytest.raises(ImportError, match=r"pip install 'mmlofi\[labelling\]' or "):
            require_libraries(['via', name])
    require_libraries(['via', 'cvat', 'audacity'])


@pytest.mark.parametrize('text', ['=1+1', '+1', '-1', '@SUM(1)', '\t=1'])
def test_a_name_that_a_spreadsheet_would_compute_stays_text_in_a_table(text):
    assert to_csv(['a', 'b'], [[text, -0.5]]) == f"a,b\r\n'{text},-0.5\r\n"
    assert to_csv(['a'], [[f'a{text}']]) == f'a\r\na{text}\r\n'
