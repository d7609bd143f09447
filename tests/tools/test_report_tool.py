"""The page as a user asks for it."""
from __future__ import annotations

import json
import re

import pytest

from mmlofi.datasets.videos.playable import write_playable


@pytest.fixture
def files(tmp_path):
    """Two files of predictions, and the truth."""
    truth = tmp_path / 'truth.json'
    truth.write_text(json.dumps(dict(database=dict(
        v=dict(subset='validation', duration=10, annotations=[
            dict(segment=[0, 5], label='jump'), dict(segment=[6, 9], label='run')]),
        w=dict(subset='validation', duration=50, annotations=[])))))
    for name, segments in (('first', [[0, 5]]), ('second', [[0, 5], [6, 9]])):
        results = dict(v=[dict(label=label, score=0.9, segment=segment)
                          for label, segment in zip(('jump', 'run'), segments)])
        (tmp_path / f'{name}.json').write_text(json.dumps(dict(results=results)))
    return tmp_path / 'first.json', tmp_path / 'second.json', truth


def test_one_file_or_two_make_a_page(files, call_tool, tmp_path, capsys, write_numbered_video):
    first, second, truth = files
    out = tmp_path / 'new' / 'report.html'
    call_tool('report.py', first, truth, '--out', out)
    printed = capsys.readouterr()
    assert 'first: average mAP 50.00 %' in printed.out
    assert f'{out}: 0.0' in printed.out
    assert printed.err.startswith('scoring first …\ndrawing …\n')
    assert '1 of 2 videos of the ground truth have no detection' in printed.err
    text = out.read_text(encoding='utf-8')
    assert '<title>first: detections</title>' in text
    assert 'data:image/jpeg' not in text
    write_numbered_video(tmp_path / 'v_v.mp4', 100)
    call_tool('report.py', f'Old={first}', f'New={second}', truth, '--out', out,
              '--videos-dir', tmp_path, '--players')
    assert 'New: average mAP 100.00 %' in capsys.readouterr().out
    text = out.read_text(encoding='utf-8')
    assert '<title>Old and New: detections</title>' in text
    assert 'data:image/jpeg' in text
    assert '<a href="report_videos.html">' in text
    page = (out.parent / 'report_videos.html').read_text(encoding='utf-8')
    assert (out.parent / 'report_videos' / 'v.mp4').exists()     # a copy: it is of MPEG-4 part 2
    assert '"source": "report_videos/v.mp4", "duration": 10.0, "subset": "validation"' in page
    assert '"found": [[0.0, 5.0, "jump", 0.9], [6.0, 9.0, "run", 0.9]]' in page


def test_players_of_one_stem_have_their_own_copies_and_what_cannot_be_played_is_named(
        call_tool, tmp_path, capsys, write_numbered_video):
    entries = {name: dict(subset='validation', duration=10, annotations=[
        dict(segment=[0, 5], label='jump')]) for name in ('a/b', 'a_b', 'no_copy', 'cut')}
    del entries['cut']['duration']
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=entries)))
    (tmp_path / 'found.json').write_text(json.dumps(dict(results=dict(
        a_b=[dict(label='jump', score=0.9, segment=[0, 5])]))))
    (tmp_path / 'a').mkdir()
    for name in ('a/b', 'a_b'):
        write_numbered_video(tmp_path / f'{name}.mp4', 100)
    write_playable(tmp_path / 'a_b.mp4', tmp_path / 'cut.mp4')
    content = (tmp_path / 'cut.mp4').read_bytes()
    (tmp_path / 'cut.mp4').write_bytes(content[:-500])         # a browser plays what is there
    (tmp_path / 'no_copy.mp4').write_bytes(content[:700])
    call_tool('report.py', tmp_path / 'found.json', tmp_path / 'gt.json', '--out',
              tmp_path / 'out' / 'report.html', '--videos-dir', tmp_path, '--videos', 0,
              '--players')
    said = capsys.readouterr().err
    assert 'warning: no_copy is not among the players: ' in said
    assert re.search(r"warning: cut is not among the players: .*cut\.mp4' is cut off", said)
    assert 'plays 2 videos' in said
    assert sorted(path.name for path in (tmp_path / 'out' / 'report_videos').iterdir()) == [
        'a_b.mp4', 'a_b_2.mp4']


@pytest.mark.parametrize(('change', 'message'), [
    (lambda first, second, truth: (truth, first), 'has no "database"'),
    (lambda first, second, truth: (first, second, first, truth), 'got 3 files of predictions'),
    (lambda first, second, truth: (first, first, truth), "called 'first'"),
    (lambda first, second, truth: (first, truth, '--subset', 'val'), "'validation'"),
    (lambda first, second, truth: (first, truth, '--tiou', '2'), 'tIoU thresholds'),
    (lambda first, second, truth: ('none.json', truth), "'none.json'"),
    (lambda first, second, truth: (first, truth, '--videos-dir', truth.parent / 'none'),
     'none of the 2 videos is in'),
    (lambda first, second, truth: (first, truth, '--players'), 'add --videos-dir'),
])
def test_bad_input_gives_one_line_and_an_exit_status(files, change, message, call_tool, tmp_path):
    with pytest.raises(SystemExit) as stop:
        call_tool('report.py', *change(*files), '--out', tmp_path / 'page.html')
    assert str(stop.value).startswith('report: ')
    assert message in str(stop.value)
    assert not (tmp_path / 'page.html').exists()
