"""The rules for segments and for names of classes."""
from __future__ import annotations

import pytest

from mmlofi.datasets.annotations import alike, segments_after


def test_segments_after_a_time_start_there_or_later_and_have_a_length():
    segments = [[1, 4], [3, 5], [4, 4], [4, 6], [9, 9], [8, 9]]
    assert segments_after(segments, 4) == [(4, 6), (8, 9)]
    assert segments_after([], 4) == []


@pytest.mark.parametrize(('names', 'groups'), [
    (['Pour', 'pour ', 'stir'], [['Pour', 'pour ']]), (['a b', 'a  b'], [['a  b', 'a b']]),
    (['caf\u00e9', 'cafe\u0301'], [['cafe\u0301', 'caf\u00e9']]), (['pour', 'pours'], []),
    (['STRASSE', 'Straße'], [['STRASSE', 'Straße']])])
def test_names_are_alike_that_differ_by_case_spaces_or_accents_written_otherwise(names, groups):
    assert alike(names) == groups
