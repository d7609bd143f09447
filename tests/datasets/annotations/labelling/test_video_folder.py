"""Names of files at the ends of what programs write."""
from __future__ import annotations

import pytest

from mmlofi.datasets.annotations.labelling.video_folder import name_of


@pytest.mark.parametrize(('address', 'name'), [
    ('a.mp4', 'a.mp4'), ('50%20 cut.mp4', '50%20 cut.mp4'), ('what?.mp4', 'what?.mp4'),
    ('/home/me/a b.mp4', 'a b.mp4'), (r'C:\Users\me\a.mp4', 'a.mp4'),
    ('file:///C:/Users/me/a%20b.mp4', 'a b.mp4'), ('./media/a.mp4', 'a.mp4'),
    ('s3://bucket/day/a.mp4', 'a.mp4'), ('https://host/v/a.mp4?token=1/2#t=3', 'a.mp4'),
    ('/data/upload/1/3d3ad63e-a.mp4', '3d3ad63e-a.mp4'),
    ('/data/local-files/?d=clips/a%20b.mp4', 'a b.mp4'), ('', '')])
def test_the_name_is_behind_the_last_separator(address, name):
    assert name_of(address) == name
