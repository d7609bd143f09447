"""Time lines during validation, as the hook draws them in a real training and a real test."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmaction.evaluation import AccMetric
from mmengine.evaluator import Evaluator

from mmlofi.engine import TALVisualizationHook

pytestmark = pytest.mark.filterwarnings('ignore:video .* lasts')   # features of random length
ENABLE = 'default_hooks.visualization.enable=True'


@pytest.fixture
def on_tensorboard(toy_configs, tmp_path) -> Path:
    """Stage 3, with both backends as the comment in default_runtime.py says."""
    path = tmp_path / 'gtad_toy.py'
    path.write_text(f"""_base_ = '{toy_configs / 'gtad_toy.py'}'
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(vis_backends=vis_backends)
""")
    return path


def pictures(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob('*.png'))


def test_the_same_videos_are_drawn_after_each_validation_here_and_in_tensorboard(
        on_tensorboard, call_tool, tmp_path):
    accumulator = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    call_tool('train.py', on_tensorboard, '--work-dir', tmp_path / 'run', '--seed', 0,
              '--cfg-options', 'train_cfg.max_epochs=3', 'train_cfg.val_interval=1', ENABLE,
              'default_hooks.visualization.num_videos=2', 'default_hooks.visualization.interval=2')
    # Validations 1 and 3 of 3; two of five videos in the order of their names.
    assert pictures(tmp_path / 'run') == [
        f'timeline_val_000{video}_{epoch}.png' for video in (1, 3) for epoch in (1, 3)]
    (events,) = tmp_path.glob('run/*/vis_data/events.out.*')
    read = accumulator.EventAccumulator(str(events), size_guidance=dict(images=0))
    read.Reload()
    assert sorted(read.Tags()['images']) == ['timeline_val_0001', 'timeline_val_0003']
    images = read.Images('timeline_val_0001')
    assert [one.step for one in images] == [1, 3]
    decoded = [cv2.imdecode(np.frombuffer(one.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
               for one in images]
    (png,) = tmp_path.rglob('timeline_val_0001_3.png')
    assert np.array_equal(decoded[1], cv2.imread(str(png)))
    assert 'mAP' in read.Tags()['scalars']


def test_a_test_draws_the_best_and_the_worst_into_a_folder(
        call_tool, toy_configs, untrained_lofi, tmp_path):
    heights = {}
    for frames in (True, False):
        out = tmp_path / f'pictures_{frames}'
        call_tool('test.py', toy_configs / 'lofi_toy.py', untrained_lofi, '--work-dir',
                  tmp_path / 'test', '--cfg-options', ENABLE,
                  'default_hooks.visualization.which=best_and_worst',
                  'default_hooks.visualization.num_videos=3',
                  f'default_hooks.visualization.out_dir={out}',
                  f'default_hooks.visualization.frames={frames}')
        assert pictures(out) == ['timeline_best_1_0.png', 'timeline_best_2_0.png',
                                 'timeline_worst_1_0.png']
        heights[frames] = cv2.imread(str(out / 'timeline_worst_1_0.png')).shape[0]
    assert heights[True] > heights[False] + 20      # a strip of thumbnails
    assert pictures(tmp_path / 'test') == []


@pytest.mark.parametrize('which', ['fixed', 'best_and_worst'])
def test_frames_truth_and_curves_are_drawn(which, call_tool, toy_configs, untrained_lofi, tmp_path,
                                           monkeypatch):
    drawn = {}

    def draw(name, found, **options):
        drawn[name] = options
        return real(name, found, **options)
    real = TALVisualizationHook.before_val_epoch.__globals__['draw_video_timeline']
    monkeypatch.setattr('mmlofi.engine.visualization_hook.draw_video_timeline', draw)
    call_tool('test.py', toy_configs / 'lofi_toy.py', untrained_lofi, '--work-dir', tmp_path,
              '--cfg-options', ENABLE, 'default_hooks.visualization.num_videos=1',
              f'default_hooks.visualization.which={which}')
    ((name, options),) = drawn.items()
    assert which == 'best_and_worst' or name == 'val_0002'
    assert options['curves'].start.shape == options['curves'].end.shape == (32,)
    assert options['filename'].endswith(f'{name}.mp4')
    assert options['record'].labels


def test_nothing_is_drawn_unless_it_is_enabled(call_tool, toy_configs, untrained_lofi, tmp_path):
    call_tool('test.py', toy_configs / 'lofi_toy.py', untrained_lofi, '--work-dir', tmp_path)
    assert pictures(tmp_path) == []


def test_an_evaluation_without_detections_is_refused_before_it_runs():
    loop = SimpleNamespace(evaluator=Evaluator([AccMetric()]))
    with pytest.raises(ValueError, match=r"has \['AccMetric'\]; expected one: leave the hook"):
        TALVisualizationHook(True).before_val_epoch(SimpleNamespace(val_loop=loop))


def test_a_test_is_drawn_whatever_validations_came_before(monkeypatch):
    monkeypatch.setattr('mmlofi.engine.visualization_hook._metric_of',
                        lambda loop: SimpleNamespace(records=[]))
    monkeypatch.setattr(TALVisualizationHook, '_choose', lambda hook, metric: drawn.append(1) or [])
    runner = SimpleNamespace(val_loop=None, test_loop=None, _train_loop=None)
    drawn, hook = [], TALVisualizationHook(True, 3, which='best_and_worst', frames=False)
    counts = []
    for phase in ('val', 'val', 'test', 'val', 'val'):
        getattr(hook, f'before_{phase}_epoch')(runner)
        getattr(hook, f'after_{phase}_epoch')(runner)
        counts.append(len(drawn))
    assert counts == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(('options', 'message'), [
    (dict(interval=0), 'interval=0; expected a whole number, 1 or more'),
    (dict(num_videos=0), 'num_videos=0'),
    (dict(which='best'), "which='best'; expected one of")])
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TALVisualizationHook(True, **options)
