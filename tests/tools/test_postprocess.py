"""Post-processing again what a test kept, by the command line."""
from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

pytestmark = pytest.mark.filterwarnings('ignore:video .* lasts')   # features of random length


@pytest.fixture(scope='module')
def checkpoint(toy_configs, tmp_path_factory):
    """A stage-3 checkpoint with random weights."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(toy_configs / 'gtad_toy.py').model)
    path = tmp_path_factory.mktemp('random') / 'head.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


@pytest.fixture(scope='module')
def tested(checkpoint, call_tool, toy_configs, tmp_path_factory):
    """Detections and raw proposals of one test."""
    folder = tmp_path_factory.mktemp('tested')
    call_tool('test.py', toy_configs / 'gtad_toy.py', checkpoint, '--work-dir', folder / 'work',
              '--dump', folder / 'detections.json', '--dump-raw', folder / 'raw',
              '--cfg-options', 'test_evaluator.metric_type=[mAP,AR@AN,AP]', 'model.nms.sigma=0.5')
    return folder


def test_the_models_own_options_give_the_models_detections_byte_by_byte(
        tested, call_tool, toy_data, tmp_path, capsys):
    call_tool('postprocess.py', tested / 'raw', toy_data / 'annotations.json', '--out',
              tmp_path / 'again.json')
    assert (tmp_path / 'again.json').read_bytes() == (tested / 'detections.json').read_bytes()
    assert 'sigma=0.5 top_k=100 top_classes=2' in capsys.readouterr().out


def test_the_best_of_all_combinations_is_written_and_named(tested, call_tool, toy_data, tmp_path,
                                                           capsys):
    call_tool('postprocess.py', tested / 'raw', toy_data / 'annotations.json', '--tiou', '0.1,0.5',
              '--method', 'gaussian', 'hard', '--sigma', 0.1, 0.9, '--iou-threshold', 'none', 0.4,
              '--voting-thresh', 0.8, '--top-classes', 1, 2, '--out', tmp_path / 'best.json')
    output = capsys.readouterr().out
    scores = [float(score) for score in re.findall(r'([\d.]+) % average mAP', output)]
    # 2 sigmas, 2 thresholds and 2 numbers of classes; 'hard' has no sigma and needs a threshold.
    assert len(scores) == 8 + 2
    call_tool('eval_detections.py', tmp_path / 'best.json', toy_data / 'annotations.json',
              '--tiou', '0.1,0.5')
    average = float(capsys.readouterr().out.split()[-1])
    assert average == max(scores) > min(scores)


def test_options_that_make_no_sense_are_refused_before_any_is_tried(tested, call_tool, toy_data):
    for options, message in ((('--method', 'hard'), 'without iou_threshold'),
                             (('--sigma', 0.5, 0), 'sigma=0'),
                             (('--top-classes', 0), '--top-classes 0')):
        with pytest.raises(SystemExit) as stop:
            call_tool('postprocess.py', tested / 'raw', toy_data / 'annotations.json', *options)
        assert str(stop.value).startswith('postprocess: ')
        assert message in str(stop.value)


def test_a_folder_that_holds_files_is_refused_before_testing(tested, checkpoint, call_tool,
                                                             toy_configs, tmp_path):
    with pytest.raises(ValueError, match='holds files already'):
        call_tool('test.py', toy_configs / 'gtad_toy.py', checkpoint, '--work-dir', tmp_path,
                  '--dump-raw', tested / 'raw')


def test_a_bounded_number_of_proposals_is_kept(tested):
    info = json.loads((tested / 'raw' / 'raw.json').read_text())
    assert info['max_proposals'] == 2000
    assert info['nms'] == dict(sigma=0.5, top_k=100)
    assert len(info['classes']) == 5
    assert len(list((tested / 'raw').glob('*.npz'))) == 5


@pytest.mark.slow
def test_two_processes_keep_what_one_does(tested, checkpoint, toy_features, must_run, toy_configs,
                                          tmp_path, port):
    must_run('dist_test.sh', toy_configs / 'gtad_toy.py', checkpoint, 2, '--work-dir',
             tmp_path / 'work', '--dump-raw', tmp_path / 'raw', '--cfg-options',
             'test_dataloader.batch_size=1', 'model.nms.sigma=0.5', TOY_FEATURES=toy_features,
             PORT=port)
    one, two = ({path.name: path for path in (folder / 'raw').iterdir()}
                for folder in (tested, tmp_path))
    assert one.keys() == two.keys()
    assert one.pop('raw.json').read_text() == two.pop('raw.json').read_text()
    for name, path in one.items():
        with np.load(path) as expected, np.load(two[name]) as found:
            for key in expected:
                np.testing.assert_allclose(found[key], expected[key], rtol=1e-5, atol=1e-7)
