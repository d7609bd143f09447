"""Where lines, ticks and bars lie."""
from __future__ import annotations

from dataclasses import replace

import cv2
import pytest
from page_examples import FIRST, TRUTH, detections, record

from mmlofi.report.charts import HEIGHT, WIDTH, line_chart, ticks, time_ticks
from mmlofi.report.timeline import LEFT, RIGHT, Truth, clock, draw_timeline
from mmlofi.visualization.colours import OTHER

COLOURS = dict(jump='#0072B2', run='#D55E00')


@pytest.mark.parametrize(('highest', 'expected'), [
    (100, [0, 20, 40, 60, 80, 100]), (61.4, [0, 20, 40, 60, 80]), (34.7, [0, 10, 20, 30, 40]),
    (0.3, [0, 0.1, 0.2, 0.3]), (5, [0, 1, 2, 3, 4, 5]), (0, [0, 1]),
    (11, [0, 2.5, 5, 7.5, 10, 12.5])])
def test_ticks_are_round_and_reach_over_the_data(highest, expected):
    assert ticks(highest) == expected


def test_time_has_at_most_nine_ticks_inside_the_video():
    for duration in (0.01, 0.7, 9.9, 30, 82.7, 236, 4000, 20000, 200000):
        found = time_ticks(duration)
        assert 2 <= len(found) <= 9
        assert found[0] == 0
        assert found[-1] <= duration
    assert time_ticks(30) == [0, 5, 10, 15, 20, 25, 30]
    assert [clock(second, 200) for second in time_ticks(200)] == [
        '0:00', '0:30', '1:00', '1:30', '2:00', '2:30', '3:00']
    assert [clock(90, 120), clock(90, 600), clock(3725, 7200)] == ['90', '1:30', '1:02:05']


def test_a_line_goes_from_corner_to_corner():
    chart = line_chart({'A': ([0.5, 1.0], [0, 100])}, x_label='x', y_label='y', x_ticks=[0.5, 1.0])
    (line,) = chart.lines
    assert line.points == f'{chart.left:g},{chart.bottom:g} {chart.right:g},{chart.top:g}'
    assert line.dots[1][2] == 'A: 100.00 % at 1'
    assert (chart.x_ticks[0], chart.y_ticks[0]) == ((chart.left, '0.5'), (chart.bottom, '0'))
    assert 0 < chart.left < chart.right < WIDTH
    assert 0 < chart.top < chart.bottom < HEIGHT
    one = line_chart({'A': ([0.5], [0])}, x_label='x', y_label='y', x_ticks=[0.5])
    assert one.lines[0].points == f'{one.left:g},{one.bottom:g}'


def test_bars_lie_where_the_segments_are_and_fade_with_the_score():
    found = detections(dict(v=[(0, 50, 'jump', 0.8), (50, 100, 'run', 0.4), (60, 70, 'run', 0.1)]))
    truth = [Truth(25, 75, 'jump', 'missed')]
    line = draw_timeline(record('v', (25, 75, 'jump')), truth, dict(A=found), dict(A=0.5), top_k=2,
                         colours=COLOURS)
    (above,), (first, second) = (row.bars for row in line.rows)
    width = RIGHT - LEFT
    assert (above.x, above.width, above.fate) == (LEFT + width / 4, width / 2, 'missed')
    assert (first.x, first.width, first.opacity) == (LEFT, width / 2, 1)
    assert (second.x, second.opacity) == (LEFT + width / 2, 0.15 + 0.85 / 2)
    assert first.y == second.y                       # they do not overlap
    assert (first.colour, above.colour, second.colour) == ('#0072B2', '#0072B2', '#D55E00')
    assert first.title == 'jump, 0.0 to 50.0 s, score 0.8'
    assert line.fates == dict(found=0, missed=1, won=0, lost=0)


def test_a_video_without_a_duration_or_detections_is_drawn():
    line = draw_timeline(record('gone', (5, 40, 'jump'), duration=None),
                         [Truth(5, 40, 'jump', 'missed')], dict(A=FIRST), {}, top_k=3,
                         colours=COLOURS)
    assert line.duration_sec == 40
    assert line.rows[0].bars[0].x + line.rows[0].bars[0].width == RIGHT
    assert line.rows[1].bars == ()
    empty = draw_timeline(TRUTH[-1], [], dict(A=FIRST), {}, top_k=3, colours=COLOURS)
    assert empty.rows[0].bars == ()


def test_frames_are_inside_the_page_and_a_broken_video_has_none(numbered_video, tmp_path):
    one = record('v', (0, 5, 'jump'))
    line = draw_timeline(one, [], {}, {}, top_k=3, colours=COLOURS, filename=str(numbered_video))
    assert len(line.frames) == 12
    assert line.frames[0][0] == LEFT
    frame = cv2.VideoCapture(str(numbered_video)).read()[1]     # shown whole
    assert line.strip / line.frame_width == pytest.approx(frame.shape[0] / frame.shape[1], abs=0.02)
    assert all(uri.startswith('data:image/jpeg;base64,') for _, uri in line.frames)
    (tmp_path / 'broken.mp4').write_bytes(b'no video')
    with pytest.warns(UserWarning, match='no thumbnails of .*broken.mp4'):
        assert draw_timeline(one, [], {}, {}, top_k=3, colours=COLOURS,
                             filename=str(tmp_path / 'broken.mp4')).frames == ()


def test_what_is_ignored_is_hatched_behind_the_truth_and_other_classes_are_grey():
    one = replace(record('v', (25, 75, 'jump')), ignored_sec=((50.0, 100.0),))
    found = detections(dict(v=[(0, 50, 'unheard of', 0.8)]))
    line = draw_timeline(one, [Truth(25, 75, 'jump', 'found')], dict(A=found), {}, top_k=1,
                         colours=COLOURS)
    (hatched, above), (below,) = (row.bars for row in line.rows)
    assert (hatched.x, hatched.width) == (LEFT + (RIGHT - LEFT) / 2, (RIGHT - LEFT) / 2)
    assert hatched.title == 'ignored, 50.0 to 100.0 s'
    assert hatched.height > above.height
    assert dict(line.legend) == {'jump': '#0072B2', 'unheard of': OTHER, 'ignored': hatched.colour}
    assert below.colour == OTHER
