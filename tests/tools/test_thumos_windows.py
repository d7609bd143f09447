"""THUMOS14's configs, windows and all, on the procedural benchmark: train, extract, test, localize.

Its videos of 20 to 60 s have 20 to 60 snippets here and a window 40, so that some are shorter.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from near_detections import assert_near

from mmlofi.apis import inferencer
from mmlofi.detections.curves import curves_of, join_curves
from mmlofi.detections.raw_files import load_raw_video

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
T = 40

CONFIG = """
_base_ = '{base}'
data = dict(data_root='', ann_file='{data}/annotations.json', window=dict(stride=20),
            data_prefix=dict({source}='{folder}'), metainfo=dict(classes={classes}))
small = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(small, batch_size=2, dataset=dict(data, subset='training'))
test_dataloader = dict(small, batch_size=1, dataset=dict(data, subset='validation'))
{more}
test_evaluator = dict(ann_file='{data}/annotations.json', subset='validation')
model = dict(class_scores=dict(num_classes=5))
default_hooks = dict(checkpoint=dict(save_best=None))
load_from = None
"""
FRAMES = """
from mmlofi.pipelines import change
change(_base_, 'OpenVideo', short_side=36)
change(_base_, 'SampleSnippets', num_snippets=40, snippet_interval=10, clip_len=8,
       frame_interval=1)
change(_base_, 'Resize', scale=(-1, 36))
change(_base_, 'RandomCrop', size=32)
change(_base_, 'CenterCrop', crop_size=32)
optim_wrapper = dict(optimizer=dict(lr=1e-3), accumulative_counts=1)
train_cfg = dict(max_epochs=3)
"""
FEATURES = """
from mmlofi.pipelines import change
change(_base_, 'LoadSnippetFeatures', num_snippets=40,
       expected=dict(side=32, snippet_interval=10))
val_dataloader = test_dataloader
val_evaluator = dict(ann_file='{data}/annotations.json', subset='validation')
train_cfg = dict(max_epochs=2, val_interval=2)
"""


def write_config(path: Path, base: str, data: Path, source: str, folder: Path, more: str) -> Path:
    annotated = json.loads((data / 'annotations.json').read_text())['database'].values()
    classes = sorted({one['label'] for entry in annotated for one in entry['annotations']})
    path.write_text(CONFIG.format(base=ROOT / 'configs' / base, data=data, source=source,
                                  folder=folder, classes=classes, more=more.format(data=data)))
    return path


@pytest.fixture(scope='module')
def stage_2(toy_data, must_run, tmp_path_factory) -> tuple[Path, Path, str]:
    """Config, checkpoint and log."""
    folder = tmp_path_factory.mktemp('windows_2')
    config = write_config(folder / 'lofi.py', 'lofi_tsm_thumos.py', toy_data, 'video',
                          toy_data / 'videos', FRAMES)
    output = must_run('train.py', config, '--work-dir', folder / 'run', '--seed', 0)
    return config, folder / 'run' / 'epoch_3.pth', output


@pytest.fixture(scope='module')
def features(stage_2, must_run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('windows_features') / 'lofi'
    must_run('extract_features.py', *stage_2[:2], '--out', folder)
    return folder


@pytest.fixture(scope='module')
def stage_3(features, toy_data, must_run, tmp_path_factory) -> tuple[Path, Path, str]:
    folder = tmp_path_factory.mktemp('windows_3')
    config = write_config(folder / 'gtad.py', 'gtad_tsm_thumos.py', toy_data, 'feature', features,
                          FEATURES)
    output = must_run('train.py', config, '--work-dir', folder / 'run', '--seed', 0)
    return config, folder / 'run' / 'epoch_2.pth', output


def test_stage_2_trains_on_windows_at_each_fidelity(stage_2):
    _, checkpoint, output = stage_2
    assert re.search(r"\d+ windows of 40 snippets of 6 videos of 'training', which hold an action, "
                     r'of \d+', output)
    assert re.findall(r'fidelity (\w+): r_t', output) == ['S', 'T', 'ST']
    assert checkpoint.exists()


def test_features_are_stored_of_whole_videos_some_shorter_than_a_window(features):
    lengths = []
    for path in features.glob('*.npz'):
        with np.load(path) as content:
            assert content['features'].shape[0] == 512
            lengths.append(content['features'].shape[1])
            assert lengths[-1] == -(-round(10 * float(content['duration_sec'])) // 10)
    assert len(lengths) == 11
    assert min(lengths) < T < max(lengths)


def test_stage_3_trains_and_scores_all_windows_of_all_videos(stage_3):
    output = stage_3[2]
    assert re.search(r'mAP: \d\.\d+  mAP@0\.30', output)
    assert 'were not evaluated' not in output


@pytest.fixture(scope='module')
def tested(must_run, tmp_path_factory):
    """Tests a stage once by one process: the scores, and files of detections and proposals."""
    folder, done = tmp_path_factory.mktemp('windows_tested'), {}

    def run(name: str, stage: tuple) -> tuple[str, Path, Path]:
        if name not in done:
            dump, raw = folder / f'{name}.json', folder / f'{name}_raw'
            output = must_run('test.py', *stage[:2], '--work-dir', folder / name, '--dump', dump,
                              '--dump-raw', raw)
            done[name] = *scores_in(output), dump, raw
        return done[name]
    return run


def scores_in(output: str) -> list[str]:
    return re.findall(r'Epoch\(test\).*?(mAP: .*)data_time', output)


def test_two_ranks_share_the_windows_and_find_the_same_to_the_last_bit(stage_3, tested, must_run,
                                                                       tmp_path, port):
    scores, one, _ = tested('stage_3', stage_3)
    output = must_run('dist_test.sh', *stage_3[:2], 2, '--work-dir', tmp_path, '--dump',
                      tmp_path / 'two.json', PORT=port)
    assert scores_in(output) == [scores]
    assert (tmp_path / 'two.json').read_bytes() == one.read_bytes()


@pytest.mark.parametrize('stage', ['stage_2', 'stage_3'])
def test_every_video_has_detections_inside_it(stage, tested, toy_data, request):
    dump = tested(stage, request.getfixturevalue(stage))[1]
    results = json.loads(dump.read_text())['results']
    annotated = json.loads((toy_data / 'annotations.json').read_text())['database']
    assert sorted(results) == [f'val_{i:04d}' for i in range(5)]
    assert max(map(len, results.values())) == 200     # the best of all classes
    for name, found in results.items():
        assert len(found) >= 100
        assert 0 <= min(one['segment'][0] for one in found)
        assert max(one['segment'][1] for one in found) <= annotated[name]['duration'] + 0.2


@pytest.mark.parametrize('stage', ['stage_2', 'stage_3'])
def test_localizing_finds_what_testing_finds(stage, stage_2, tested, toy_data, call_tool, tmp_path,
                                             request, monkeypatch):
    drawn = {}

    def draw(name, *args, curves, **kwargs):
        drawn[name] = curves
        return real(name, *args, curves=curves, **kwargs)
    real = inferencer.draw_video_timeline
    monkeypatch.setattr(inferencer, 'draw_video_timeline', draw)
    model = request.getfixturevalue(stage)
    encoder = ['--encoder', *stage_2[:2]] if stage == 'stage_3' else []
    videos = [toy_data / 'videos' / f'val_{i:04d}.mp4' for i in range(5)]
    call_tool('localize.py', *videos, '--config', model[0], '--checkpoint', model[1], *encoder,
              '--device', 'cpu', '--out', tmp_path, '--top-k', 0, '--timeline')
    found = json.loads((tmp_path / 'detections.json').read_text())['results']
    _, dump, raw = tested(stage, model)
    expected = json.loads(dump.read_text())['results']
    assert_near(found, expected)
    for name in expected:
        stored = join_curves([curves_of(window) for window in load_raw_video(raw, name)])
        assert stored.window_norm == drawn[name].window_norm
        assert len(stored.start) > 40 or stored.window_norm[1] >= 1     # one window, or several
        np.testing.assert_allclose(drawn[name][:2], stored[:2], atol=1e-4)
    assert (tmp_path / 'val_0000.png').exists()


def test_saved_proposals_of_windows_are_joined_as_the_model_does(stage_3, toy_data, call_tool,
                                                                 tested, tmp_path):
    _, dump, raw = tested('stage_3', stage_3)
    call_tool('postprocess.py', raw, toy_data / 'annotations.json', '--tiou', '0.3:0.7:0.1',
              '--out', tmp_path / 'again.json')
    found, expected = (json.loads(path.read_text())['results']
                       for path in (tmp_path / 'again.json', dump))
    assert found == expected
