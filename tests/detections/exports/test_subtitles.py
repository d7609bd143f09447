"""Subtitles, read back by a reader that follows the formats' descriptions."""
from __future__ import annotations

import html
import re

import numpy as np
import pytest

from mmlofi.detections.exports.subtitles import Cue, cut_cues, describe, to_srt, to_vtt

HOUR = 3600.0
CLOCK = r'(\d{2,}):([0-5]\d):([0-5]\d)'


def found(label, start, end, score=0.5):
    return dict(label=label, score=score, segment=[start, end])


def read_srt(text):
    """(start, end, lines) of SubRip: number, times with commas, text, an empty line."""
    assert text.endswith('\n\n')
    cues = []
    for number, block in enumerate(text.removesuffix('\n\n').split('\n\n'), start=1):
        first, times, *lines = block.split('\n')
        assert first == str(number)
        cues.append((*read_times(times, ','), lines))
    return cues


def read_vtt(text):
    """The same of WebVTT: a header, times with dots, escaped text without an arrow."""
    header, *blocks = text.removesuffix('\n\n').split('\n\n')
    assert header == 'WEBVTT'
    cues = []
    for block in blocks:
        times, *lines = block.split('\n')
        assert lines
        assert not [line for line in lines if '-->' in line or '<' in line]
        assert not [line for line in lines if re.search(r'&(?!amp;|lt;|gt;)', line)]
        cues.append((*read_times(times, '.'), [html.unescape(line) for line in lines]))
    return cues


def read_times(line, comma):
    side = rf'{CLOCK}{re.escape(comma)}(\d{{3}})'
    match = re.fullmatch(f'{side} --> {side}', line)
    assert match, line
    numbers = [int(group) for group in match.groups()]
    start, end = (60 * (60 * h + m) + s + ms / 1000
                  for h, m, s, ms in (numbers[:4], numbers[4:]))
    assert start < end
    return start, end


def test_overlapping_detections_are_cut_where_one_starts_or_ends():
    cues = cut_cues([found('jump', 1, 5, 0.9), found('run', 3, 8, 0.4), found('jump', 20, 21, 0.3)])
    assert cues == [Cue(1000, 3000, (('jump', 0.9),)),
                    Cue(3000, 5000, (('jump', 0.9), ('run', 0.4))),
                    Cue(5000, 8000, (('run', 0.4),)), Cue(20000, 21000, (('jump', 0.3),))]
    assert describe(cues[1]) == ['0.90 jump', '0.40 run']


def test_a_class_is_named_once_with_its_best_score():
    cues = cut_cues([found('jump', 0, 10, 0.2), found('jump', 4, 6, 0.7), found('jump', 1, 9, 0.1)])
    assert cues == [Cue(0, 4000, (('jump', 0.2),)), Cue(4000, 6000, (('jump', 0.7),)),
                    Cue(6000, 10000, (('jump', 0.2),))]


def test_detections_that_round_to_nothing_leave_no_cue():
    assert cut_cues([found('jump', 1.0001, 1.0004), found('run', 2, 2)]) == []
    assert to_srt([]) == ''
    assert to_vtt([]) == 'WEBVTT\n\n'


@pytest.mark.parametrize(('write', 'read'), [(to_srt, read_srt), (to_vtt, read_vtt)])
def test_what_is_on_at_any_time_is_read_back(write, read):
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 2 * HOUR, 60)
    detections = [found(f'class {rng.integers(6)}', start, start + rng.uniform(1, 600),
                        round(rng.random(), 2)) for start in starts]
    cues = read(write(cut_cues(detections)))
    assert all(one[1] <= other[0] for one, other in zip(cues, cues[1:]))
    assert cues[-1][0] > HOUR
    for time in rng.uniform(0, 2.2 * HOUR, 300):
        on = {}
        for one in detections:
            if one['segment'][0] <= time < one['segment'][1]:
                on[one['label']] = max(on.get(one['label'], 0), one['score'])
        lines = [lines for start, end, lines in cues if start <= time < end]
        assert sorted(sum(lines, [])) == sorted(f'{score:.2f} {label}'
                                                for label, score in on.items())


def test_times_above_an_hour_and_a_hundred_hours_are_spelt_in_full():
    srt = to_srt(cut_cues([found('jump', HOUR + 61.5, 100 * HOUR + 0.001)]))
    assert srt == '1\n01:01:01,500 --> 100:00:00,001\n0.50 jump\n\n'
    assert '01:01:01.500 --> 100:00:00.001\n' in to_vtt(cut_cues(
        [found('jump', HOUR + 61.5, 100 * HOUR + 0.001)]))


def test_a_second_that_rounds_up_carries_to_the_minute():
    (cue,) = cut_cues([found('jump', 59.9996, 3599.9999)])
    assert to_srt([cue]).splitlines()[1] == '00:01:00,000 --> 01:00:00,000'


def test_labels_with_marks_and_line_breaks_keep_the_syntax():
    cues = cut_cues([found('Cut & <b>dry</b> --> hair\n\nagain', 0, 1)])
    expected = [(0.0, 1.0, ['0.50 Cut & <b>dry</b> --> hair again'])]
    assert read_vtt(to_vtt(cues)) == expected
    assert read_srt(to_srt(cues)) == expected


def test_times_that_no_subtitle_has_are_refused():
    for second in (-0.5, float('nan')):
        with pytest.raises(ValueError, match=f'a time of {second} s; expected seconds of 0'):
            cut_cues([found('jump', second, 3)])
