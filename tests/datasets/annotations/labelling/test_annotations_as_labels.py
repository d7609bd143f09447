"""Annotations in ActivityNet's format, read as labels."""
from __future__ import annotations

import json

from mmlofi.datasets.annotations.labelling.annotations_json import read_annotations
from mmlofi.datasets.annotations.labelling.rows import Labels


def test_what_is_not_taken_is_counted(tmp_path):
    entry = dict(subset='training', duration=10.0, annotations=[
        dict(segment=segment, label='pour') for segment in ([1, 2], [3, 3], [-0.5, 1], [-1, 0])])
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=dict(a=entry))))
    labels = Labels()
    read_annotations(tmp_path / 'gt.json', labels)
    assert not labels.faults
    assert [(row.label, row.subset, row.start_sec, row.end_sec) for row in labels.rows] == [
        (None, 'training', 0, 0), ('pour', None, 1, 2), ('pour', None, 0, 1)]
    assert labels.left_over == {'segments of no length': 1,
                                'parts of segments before the start of their video': 1,
                                'segments before the start of their video': 1}
