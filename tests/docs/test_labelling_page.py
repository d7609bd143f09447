"""The page about labelling: a user goes round once, with detections as a model might leave them."""
from __future__ import annotations

import csv
import json
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from mmlofi.datasets import load_annotations
from mmlofi.detections.exports.formats import EXPORTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'labelling.md').read_text()
COMMANDS = [shlex.split(block.replace('\\\n', ' '))
            for block in re.findall(r'```bash\n(.+?)```', PAGE, re.DOTALL)]
NAMES = [f'day_{number:02d}' for number in range(16)]
LABELLED = NAMES[:10]


@pytest.fixture(scope='module')
def folder(tmp_path_factory, numbered_video) -> Path:
    """The videos, and the export of those that were labelled by hand."""
    folder = tmp_path_factory.mktemp('labelling')
    (folder / 'my_data' / 'videos').mkdir(parents=True)
    for name in NAMES:
        shutil.copy(numbered_video, folder / 'my_data' / 'videos' / f'{name}.mp4')    # 10 s
    tasks = [task(number, name, [region(1, 48, 'pour'), region(97, 120, 'stir')], submitted=True)
             for number, name in enumerate(LABELLED)]
    (folder / 'my_data' / 'labels.json').write_text(json.dumps(tasks))
    return folder


def region(first, last, label):
    return dict(id=f'{first}', from_name='actions', to_name='video', type='timelinelabels',
                value=dict(ranges=[dict(start=first, end=last)], timelinelabels=[label]))


def task(number, name, regions, *, submitted, **data):
    """As Label Studio exports it."""
    return dict(id=number, data=dict(video=f'/data/upload/1/3d3ad63e-{name}.mp4', **data),
                annotations=[dict(id=number, was_cancelled=False, result=regions)] * submitted)


@pytest.fixture(scope='module')
def run(folder):
    """Runs a command of the page there, in this process."""
    def run(command: list[str]) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, 'argv', command[1:])
            patched.chdir(folder)
            runpy.run_path(str(ROOT / command[1]), run_name='__main__')
    return run


@pytest.fixture(scope='module')
def walked(folder, run) -> dict:
    """The round; what the user has after each step."""
    label, localize, choose, take_back = COMMANDS
    run(label)
    annotations = folder / 'my_data' / 'annotations.json'
    first = json.loads(annotations.read_text())['database']
    localize_all(folder / localize[localize.index('--out') + 1])
    run(choose)
    tasks = json.loads((folder / 'to_correct' / 'label_studio.json').read_text())
    (folder / 'my_data' / 'corrected.json').write_text(json.dumps(correct(tasks)))
    run(take_back)
    return dict(first=first, tasks=tasks, records={
        one.name: one for one in load_annotations(annotations)})


def localize_all(out: Path) -> None:
    """Of the rest one video is sure, one doubtful, one of a rare class, one empty."""
    found = {name: [dict(label='pour', score=0.9, segment=[1, 3])] for name in NAMES}
    found['day_11'] = [dict(label='pour', score=0.5, segment=[2, 4]),
                       dict(label='stir', score=0.1, segment=[6, 7])]      # below --threshold
    found['day_12'] = [dict(label='wipe', score=0.8, segment=[5.5, 8])]
    found['day_13'] = []
    out.mkdir()
    (out / 'detections.json').write_text(json.dumps(dict(results=found)))


def correct(tasks: list[dict]) -> list[dict]:
    """What a person makes of the first three: an end moved, a class changed, one deleted."""
    done = [dict(id=number, data=one['data'], annotations=[dict(
        result=one['predictions'][0]['result'])]) for number, one in enumerate(tasks)]
    for one in done:
        result = one['annotations'][0]['result']
        match one['data']['video'].rpartition('=')[2]:
            case 'day_11.mp4':
                result[0]['value']['ranges'][0]['end'] = 50
            case 'day_12.mp4':
                result[0]['value']['timelinelabels'] = ['stir']
            case 'day_10.mp4':
                result.clear()
            case _:
                one['annotations'] = []      # nobody got to it
    return done


def test_the_first_labels_are_split_for_training_and_validation(walked):
    assert sorted(walked['first']) == LABELLED
    assert {entry['subset'] for entry in walked['first'].values()} == {'training', 'validation'}
    assert walked['first']['day_00']['annotations'] == [
        dict(segment=[0, 2], label='pour'), dict(segment=[4, 5], label='stir')]


def test_what_is_rare_and_what_is_doubtful_comes_first(walked, folder):
    names = [one['data']['video'].rpartition('=')[2][:-len('.mp4')] for one in walked['tasks']]
    assert set(names) == set(NAMES) - set(LABELLED)
    assert names[0] == 'day_12'       # of a class that nobody has annotated
    assert names[-1] == 'day_13'      # in which nothing was found
    with open(folder / 'to_correct' / 'order.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['video'] for row in rows] == names
    assert rows[0]['rarest_class'] == 'wipe'
    assert [row['segments'] for row in rows if row['video'] == 'day_11'] == ['1']


def test_corrections_are_annotations_and_what_is_scored_on_stays(walked):
    records, first = walked['records'], walked['first']
    assert sorted(records) == [*LABELLED, 'day_10', 'day_11', 'day_12']
    assert {name: records[name].subset for name in LABELLED} == {
        name: first[name]['subset'] for name in LABELLED}
    assert {records[name].subset for name in ('day_10', 'day_11', 'day_12')} == {'training'}
    assert records['day_10'].segments_sec == ()
    assert records['day_11'].segments_sec == ((2.0, 5.0),)
    assert (records['day_12'].segments_sec, records['day_12'].labels) == (((5.5, 8.0),), ('stir',))


def test_the_next_round_has_what_is_left(walked, folder, run):
    run([*COMMANDS[2], '--first', 'uncertain', '--out', 'again'])
    tasks = json.loads((folder / 'again' / 'label_studio.json').read_text())
    assert [one['data']['video'].rpartition('=')[2] for one in tasks] == [
        'day_14.mp4', 'day_15.mp4', 'day_13.mp4']


def test_the_page_names_every_export():
    assert [name for name in EXPORTS if f'| `{name}` |' not in PAGE] == []
