"""Files of detections, plain and gzipped, with values and bytes changed."""
from __future__ import annotations

import gzip
import random
import zlib

import pytest
from fuzz_scale import scaled
from json_cases import broken, detections, mutated
from json_oracles import Refused, detections_of
from timed_case import timed_case

from mmlofi.detections import load_detections


def expected(data: bytes) -> dict | None:
    try:
        if data[:2] == b'\x1f\x8b':
            unpack = zlib.decompressobj(31)   # of one member, as they are written here
            data = unpack.decompress(data)
            if not unpack.eof or unpack.unused_data.strip(b'\0'):   # zeros may fill a block
                return None
        return detections_of(data)
    except (Refused, zlib.error):
        return None


@pytest.mark.parametrize('name', ['found.json', 'found.json.gz'])
def test_detections_are_read_as_they_say_or_refused(tmp_path, name):
    path, refused = tmp_path / name, 0
    for seed in range(scaled(250)):
        rng = random.Random(seed)
        data = mutated(rng, detections(rng))
        if path.suffix == '.gz':
            data = gzip.compress(data, mtime=0)
            data = broken(rng, data) if seed % 2 else data
        path.write_bytes(data)
        with timed_case(seed, data):
            wanted = expected(data)
            if wanted is None:
                with pytest.raises(ValueError, match=r'found\.json.*expected'):
                    load_detections(path)
                refused += 1
            else:
                found = load_detections(path)
                assert found.to_results() == dict(sorted(wanted.items()))
                assert found.video_names == tuple(wanted)
    assert 0.3 < refused / scaled(250) < 0.9
