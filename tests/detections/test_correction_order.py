"""What is corrected first."""
from __future__ import annotations

import pytest

from mmlofi.detections.correction_order import in_order
from mmlofi.detections.exports.videos import ExportedVideo, Segment


def video(name, *found):
    return ExportedVideo(name, f'{name}.mp4', tuple(
        Segment(place, place + 1, label, score) for place, (label, score) in enumerate(found)))


VIDEOS = [video('sure', ('pour', 0.9), ('pour', 0.8)), video('doubtful', ('pour', 0.3)),
          video('mixed', ('pour', 0.95), ('stir', 0.31)), video('empty'),
          video('wrong', ('wipe', 0.01), ('pour', 0.02))]


def names(*arguments, **settings):
    return [one.name for one, _ in in_order(VIDEOS, *arguments, **settings)]


def test_by_name_they_come_in_the_order_of_names():
    assert names('name') == ['doubtful', 'empty', 'mixed', 'sure', 'wrong']


def test_scores_in_the_middle_are_the_most_uncertain_and_their_scale_does_not_count():
    assert names('uncertain')[0] == 'doubtful'
    assert names('uncertain')[-1] == 'empty'
    scaled = [video(one.name, *((each.label, each.score ** 3 / 10) for each in one.segments))
              for one in VIDEOS]
    assert [one.name for one, _ in in_order(scaled, 'uncertain')] == names('uncertain')


def test_the_decision_may_be_at_any_score():
    assert names('uncertain', decision_score=0.0)[0] == 'wrong'
    assert names('uncertain', decision_score=0.85)[0] == 'sure'
    assert names('uncertain', decision_score=2.0)[:2] == ['mixed', 'sure']   # equally, so by name


def test_rare_is_what_is_found_least_or_annotated_least():
    assert names('rare')[:2] == ['mixed', 'wrong']     # each has a class that comes once
    found = {one.name: why for one, why in in_order(VIDEOS, 'rare', known=dict(pour=3, stir=7))}
    assert next(iter(found)) == 'wrong'                # of a class that nobody has annotated
    assert (found['wrong'].rarest, found['wrong'].rare) == ('wipe', 1.0)
    assert (found['mixed'].rarest, found['mixed'].rare) == ('pour', 0.25)
    assert (found['empty'].rarest, found['empty'].rare) == ('', 0.0)


def test_both_add_up():
    why = {one.name: sum(reasons[:2]) for one, reasons in in_order(VIDEOS, 'both')}
    assert list(why.values()) == sorted(why.values(), reverse=True)
    assert next(iter(why)) == 'mixed'


def test_no_segment_and_one_are_no_trouble():
    assert in_order([video('empty')], 'uncertain')[0][1] == (0.0, 0.0, '')
    ((_, why),) = in_order([video('one', ('pour', 0.5))], 'both')
    assert 0 <= why.uncertain <= 1
    assert why.rare == pytest.approx(1)
