"""What the command lines of tools that score detections have in common."""
from __future__ import annotations

import argparse
import json

import pytest

from mmlofi.scoring_arguments import add_ground_truth, read_ground_truth


@pytest.mark.parametrize(('line', 'classes'), [
    ('', {'jump', 'run'}), ('--ignore-classes run', {'jump'}),
    ('--ignore-classes', {'jump', 'run'})])
def test_the_ground_truth_is_read_without_the_classes_to_ignore(line, classes, tmp_path):
    (tmp_path / 'truth.json').write_text(json.dumps(dict(database=dict(v=dict(
        subset='val', annotations=[dict(segment=[0, 1], label=name)
                                   for name in ('jump', 'run')])))))
    parser = argparse.ArgumentParser()
    add_ground_truth(parser)
    args = parser.parse_args([str(tmp_path / 'truth.json'), '--subset', 'val', *line.split()])
    (record,) = read_ground_truth(args)
    assert set(record.labels) == classes
    assert len(record.ignored_sec) == 2 - len(classes)
