"""HACS's configs, on procedural videos that are annotated and named as HACS is: train and score."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SMALL = """
_base_ = '{base}'
small = dict(num_workers=0, persistent_workers=False,
             dataset=dict(data_root='', ann_file='{data}/HACS_segments.json',
                          data_prefix=dict({source}='{folder}')))
train_dataloader = dict(small, batch_size=2)
test_dataloader = dict(small, batch_size=1)
test_evaluator = dict(ann_file='{data}/HACS_segments.json')
model = dict(class_scores=dict(num_classes=5))
load_from = None
{more}
"""
FRAMES = """
from mmlofi.pipelines import change
change(_base_, 'OpenVideo', short_side=36)
change(_base_, 'SampleSnippets', num_snippets=16, frame_interval=1)
change(_base_, 'Resize', scale=(-1, 36))
change(_base_, 'RandomCrop', size=32)
change(_base_, 'CenterCrop', crop_size=32)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=1)
"""
FEATURES = """
from mmlofi.pipelines import change
change(_base_, 'LoadSnippetFeatures', num_snippets=16, expected=dict(side=32))
val_dataloader, val_evaluator = test_dataloader, test_evaluator
train_cfg = dict(max_epochs=1, val_interval=1)
"""


@pytest.fixture
def hacs(toy_data, tmp_path) -> Path:
    """The procedural videos as HACS has them: durations are text, files have a `v_` before ids."""
    annotations = json.loads((toy_data / 'annotations.json').read_text())
    database = {name: dict(entry, duration=str(entry['duration']), url='')
                for name, entry in annotations['database'].items()}
    (tmp_path / 'videos').mkdir()
    for name in database:
        (tmp_path / 'videos' / f'v_{name}.mp4').symlink_to(toy_data / 'videos' / f'{name}.mp4')
    (tmp_path / 'HACS_segments.json').write_text(json.dumps(dict(database=database)))
    return tmp_path


@pytest.fixture
def write_config(hacs):
    def write(name: str, source: str, folder: Path, more: str) -> Path:
        path = hacs / name
        path.write_text(SMALL.format(base=ROOT / 'configs' / name, data=hacs, source=source,
                                     folder=folder, more=more))
        return path
    return write


@pytest.mark.slow
def test_all_stages_run_on_hacs(hacs, write_config, must_run):
    lofi = write_config('lofi_tsm_hacs.py', 'video', hacs / 'videos', FRAMES)
    output = must_run('train.py', lofi, '--work-dir', hacs / 'lofi', '--seed', 0)
    assert 'fidelity S: r_t=1, r_s=2' in output
    must_run('extract_features.py', lofi, hacs / 'lofi' / 'epoch_1.pth', '--out', hacs / 'features')
    assert len(list((hacs / 'features').glob('*.npz'))) == 11
    gtad = write_config('gtad_tsm_hacs.py', 'feature', hacs / 'features', FEATURES)
    output = must_run('train.py', gtad, '--work-dir', hacs / 'gtad', '--seed', 0)
    assert re.search(r'Epoch\(val\) \[1\].*mAP: \d\.\d+  mAP@0\.50', output)
