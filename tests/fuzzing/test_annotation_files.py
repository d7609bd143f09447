"""Annotation files as no program should write them: read as they say, or refused by name."""
from __future__ import annotations

import random
import runpy
import sys
from pathlib import Path

import pytest
from fuzz_scale import scaled
from json_cases import annotations, mutated
from json_oracles import Refused, annotations_of
from timed_case import timed_case

from mmlofi.datasets.annotations import load_annotations

TOOL = Path(__file__).parents[2] / 'tools' / 'check_dataset.py'


@pytest.fixture(scope='module')
def check():
    """Runs check_dataset in this process; what it exits with."""
    main = runpy.run_path(str(TOOL))['main']

    def check(path: Path, *more: str) -> str | None:
        before, sys.argv = sys.argv, [
            str(TOOL), '--ann', str(path), '--out', str(path.with_name('report.json')),
            '--write-usable', str(path.with_name('usable.json')), *more]
        try:
            main()
        except SystemExit as stop:
            return stop.code
        finally:
            sys.argv = before
    return check


def expected(data: bytes) -> list[tuple] | None:
    try:
        return annotations_of(data)
    except Refused:
        return None


def test_annotations_are_read_as_they_say_or_refused_and_the_check_agrees(tmp_path, check):
    path, refused = tmp_path / 'gt.json', 0
    for seed in range(scaled(500)):
        rng = random.Random(seed)
        data = mutated(rng, annotations(rng))
        path.write_bytes(data)
        with timed_case(seed, data):
            wanted = expected(data)
            said = check(path)
            if seed % 5 == 0:   # no video is there, whatever its name
                assert check(path, '--videos', str(tmp_path)).startswith('check_dataset: ')
            if wanted is None:
                with pytest.raises(ValueError, match=r'gt\.json') as error:
                    load_annotations(path)
                assert 'xpected' in str(error.value)
                assert said.startswith('check_dataset: ')
                assert 'has no action' not in said
                refused += 1
            else:
                assert [(one.name, one.subset, one.duration_sec, one.segments_sec, one.labels)
                        for one in load_annotations(path)] == wanted
                ones = [one[0] for one in wanted if one[1] in ('training', 'all')]
                assert not ones or ones == [one.name for one in load_annotations(path, 'training')]
                assert said is None or 'which has no action' in said
    assert 0.3 < refused / scaled(500) < 0.9   # else the changes are too mild or too rough
