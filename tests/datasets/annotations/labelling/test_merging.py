"""Corrections go into the annotations that there are."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmlofi.datasets.annotations.labelling.annotated import Video
from mmlofi.datasets.annotations.labelling.merging import merge


@pytest.fixture
def old(tmp_path):
    """Writes annotations of videos by name and subset, each with an action."""
    def write(**subsets):
        entries = {name: dict(subset=subset, duration=9.0, url='u', annotations=[
            dict(segment=[0, 1], label='old')]) for name, subset in subsets.items()}
        (tmp_path / 'old.json').write_text(json.dumps(dict(database=entries)))
        return tmp_path / 'old.json'
    return write


def video(name, subset=None, *actions):
    return {name: Video(Path(name), subset, 10.0, [('', *action) for action in actions])}


def test_a_video_is_annotated_anew_and_the_rest_of_its_entry_stays(old):
    database, said = merge(old(a='validation', b='training'), video('a.mp4', None, (1, 2, 'new')))
    assert database['a'] == dict(subset='validation', duration=9.0, url='u', annotations=[
        dict(segment=[1, 2], label='new')])
    assert database['b']['annotations'][0]['label'] == 'old'
    assert '1 videos of ' in said
    assert said.endswith('were annotated again, 0 added')


def test_further_videos_are_for_training_under_names_like_those_there(old):
    new = video('c.mp4', None, (1, 2, 'new')) | video('d.mkv', 'testing')
    database, _ = merge(old(a='validation'), new)
    assert {name: entry['subset'] for name, entry in database.items()} == dict(
        a='validation', c='training', d='testing')
    database, _ = merge(old(**{'a.mkv': 'validation'}), new)
    assert list(database) == ['a.mkv', 'c.mp4', 'd.mkv']


def test_a_subset_that_is_null_is_none_to_keep(old, tmp_path):
    for given, expected in ((None, 'training'), ('testing', 'testing')):
        database, _ = merge(old(a=None, b='validation'), video('a.mp4', given, (1, 2, 'new')))
        assert database['a']['subset'] == expected


def test_what_has_no_subsets_is_refused(tmp_path):
    (tmp_path / 'old.json').write_text(json.dumps(dict(a=dict(
        duration_second=9.0, duration_frame=90, feature_frame=90, annotations=[]))))
    with pytest.raises(ValueError, match=r'old\.json has .*expected annotations in ActivityNet'):
        merge(tmp_path / 'old.json', video('a.mp4'))
