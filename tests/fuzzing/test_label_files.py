"""Files of labelling programs with values and bytes changed: read, or refused in a sentence."""
from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzz_scale import scaled
from json_cases import Pairs, broken, mutated
from timed_case import timed_case

from mmlofi.datasets.annotations.labelling.annotated import annotate
from mmlofi.datasets.annotations.labelling.formats import read_labels
from mmlofi.datasets.annotations.labelling.take import take
from mmlofi.detections.exports.elan import write_elan
from mmlofi.detections.exports.videos import ExportedVideo, Segment

GOOD = {
    'tasks.json': [dict(id=1, data=dict(video='/data/v0.mp4'), annotations=[dict(
        was_cancelled=False, result=[dict(id='a', from_name='x', type='timelinelabels', value=dict(
            ranges=[dict(start=1, end=9)], timelinelabels=['pour']))])])],
    'via.json': dict(
        project=dict(vid_list=['1']),
        attribute={'1': dict(aname='x', type=4, options={'0': 'pour'})},
        file={'1': dict(fid=1, fname='v0.mp4', type=4, loc=1, src='')},
        view={'1': dict(fid_list=[1])},
        metadata={'a': dict(vid='1', flg=0, z=[1, 2.5], xy=[], av={'1': '0'})}),
    'project.boris': dict(
        behaviors_conf={'0': dict(type='State event', code='pour')},
        observations={'one': {
            'type': 'MEDIA', 'file': {'1': ['v0.mp4', 'v1.mp4']}, 'time offset': 0.0,
            'media_info': dict(length={'v0.mp4': 5.0, 'v1.mp4': 5.0}),
            'events': [[1.5, '', 'pour', '', ''], [6.5, '', 'pour', '', '']]}}),
    'annotations.json': dict(database=dict(v0=dict(
        subset='training', duration=9.0, annotations=[dict(segment=[1, 2], label='pour')])))}
CVAT = b"""<annotations><version>1.1</version><meta><task><id>5</id>
<frame_filter>step=5</frame_filter><source>numbered.mp4</source></task></meta>
<track id="0" label="pour"><box frame="10" keyframe="1" outside="0" xtl="0"><attribute name="hand">
left</attribute></box><box frame="20" keyframe="1" outside="1" xtl="0"></box></track>
<image id="30" name="frame_000030"><tag label="stir"></tag></image></annotations>"""


def pairs(content):
    """In the form that `mutated` changes."""
    if isinstance(content, dict):
        return Pairs((key, pairs(value)) for key, value in content.items())
    return [pairs(value) for value in content] if isinstance(content, list) else content


def read(path: Path, files) -> str:
    """What becomes of a file: 'videos', 'errors' or 'refused'."""
    try:
        videos, errors = annotate(take(read_labels([path], files), ['*']), files)
    except ValueError as error:
        assert 'expected' in str(error), error
        return 'refused'
    assert all(len(error) < 2000 for error in errors)
    return 'errors' if errors else 'videos' if videos else 'nothing'


@pytest.mark.parametrize('name', GOOD)
def test_json_is_read_or_refused(tmp_path, name):
    files, seen = [Path('v0.mp4'), Path('v1.mp4')], set()
    for seed in range(scaled(150)):
        data = mutated(random.Random(seed), pairs(GOOD[name]))
        (tmp_path / name).write_bytes(data)
        with timed_case(seed, data):
            seen.add(read(tmp_path / name, files))
    assert seen >= {'videos', 'refused'}


@pytest.mark.parametrize('name', ['a.xml', 'a.eaf'])
def test_xml_is_read_or_refused(tmp_path, name, numbered_video):
    path, good, seen = tmp_path / name, CVAT, set()
    if path.suffix == '.eaf':
        pytest.importorskip('pympi')
        write_elan(ExportedVideo('numbered', 'numbered.mp4', (Segment(1, 2, 'pour', 0.5),)),
                   ['pour'], path)
        good = path.read_bytes()
    for seed in range(scaled(150)):
        rng = random.Random(seed)
        data = bytearray(good)
        for _ in range(rng.choice((0, 1, 2))):     # most are xml still, with other names and values
            data[rng.randrange(len(data))] = rng.choice(b'0123456789ab"')
        path.write_bytes(broken(rng, bytes(data)) if rng.random() < 0.2 else data)
        with timed_case(seed, bytes(data)):
            seen.add(read(path, [numbered_video]))
    assert seen >= {'videos', 'refused'}
