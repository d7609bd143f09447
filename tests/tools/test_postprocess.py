"""Post-processing again what a test kept, by the command line."""
from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import INFO, save_raw

ROOT = Path(__file__).parents[2]
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


def test_labelled_proposals_are_searched_by_class_and_by_fusion(call_tool, tmp_path, capsys):
    """Two classes at one time, of which only soft-NMS by class keeps both."""
    truth = dict(version='1', taxonomy=[], database=dict(v=dict(
        subset='validation', duration=10.0, annotations=[
            dict(label=label, segment=[2, 6]) for label in ('jump', 'run')])))
    (tmp_path / 'truth.json').write_text(json.dumps(truth))
    (tmp_path / 'raw').mkdir()
    save_raw(tmp_path / 'raw', RawProposals(
        'v', 10.0, (0.0, 1.0), np.array([[0.2, 0.6]] * 2 + [[0.7, 0.9]]),
        np.array([0.9, 0.5, 0.4]), None, labels=np.array([0, 1, 1])), 10)
    (tmp_path / 'raw' / INFO).write_text(json.dumps(dict(
        classes=['jump', 'run'], nms=dict(sigma=0.5, top_k=3), top_classes=1)))
    call_tool('postprocess.py', tmp_path / 'raw', tmp_path / 'truth.json', '--by-class', 'no',
              'yes', '--voting-weight', 'score', 'score_iou', '--fusion', 'product', 'none')
    output = capsys.readouterr().out
    rows = re.findall(r'([\d.]+) % average mAP .* by_class=(\w+) ', output)
    assert len(rows) == 2 * 2 * 2
    assert {row for row in rows if row[1] == 'True'} == {('100.00', 'True')}
    assert {row for row in rows if row[1] == 'False'} == {('75.00', 'False')}
    assert 'model.nms.by_class=True' in output
    with pytest.raises(SystemExit, match='got --fusion sum; expected one of'):
        call_tool('postprocess.py', tmp_path / 'raw', tmp_path / 'truth.json', '--fusion', 'sum')


def test_all_candidates_of_a_head_that_labels_them_are_kept_and_give_its_detections(
        call_tool, toy_configs, toy_data, tmp_path):
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(toy_configs / 'actionformer_toy.py').model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'head.pth')
    call_tool('test.py', toy_configs / 'actionformer_toy.py', tmp_path / 'head.pth', '--work-dir',
              tmp_path / 'work', '--dump', tmp_path / 'tested.json', '--dump-raw',
              tmp_path / 'raw')
    info = json.loads((tmp_path / 'raw' / INFO).read_text())
    assert (info['max_proposals'], info['proposals']) == (None, None)
    call_tool('postprocess.py', tmp_path / 'raw', toy_data / 'annotations.json', '--out',
              tmp_path / 'again.json')
    assert (tmp_path / 'again.json').read_bytes() == (tmp_path / 'tested.json').read_bytes()
    labels = {one['label'] for found in json.loads((tmp_path / 'again.json').read_text())[
        'results'].values() for one in found}
    assert len(labels) == 5


@pytest.fixture(scope='module')
def everything(checkpoint, call_tool, toy_configs, tmp_path_factory):
    """Raw proposals of a test that left none out."""
    folder = tmp_path_factory.mktemp('everything') / 'raw'
    call_tool('test.py', toy_configs / 'gtad_toy.py', checkpoint, '--work-dir',
              folder.parent / 'work', '--dump-raw', folder, '--cfg-options', 'model.nms.sigma=0.5',
              'model.head.proposals.peak_filter=False')
    return folder


def test_proposals_are_chosen_again_as_the_head_chooses_them(
        tested, everything, call_tool, toy_data, tmp_path, capsys):
    truth = toy_data / 'annotations.json'
    call_tool('postprocess.py', everything, truth, '--peak-filter', 'yes', '--out',
              tmp_path / 'peaks.json')
    assert (tmp_path / 'peaks.json').read_bytes() == (tested / 'detections.json').read_bytes()
    assert 'top_classes=2 fusion=product peak_filter=yes end_at_last=yes' in capsys.readouterr().out
    call_tool('postprocess.py', everything, truth, '--peak-filter', 'yes', 'no', '--end-at-last',
              'yes', 'no', '--tiou', '0.1')
    output = capsys.readouterr().out
    scores = [float(score) for score in re.findall(r'([\d.]+) % average mAP', output)]
    assert len(scores) == 4
    assert len(set(scores)) > 1
    assert re.search(r'model.head.proposals.peak_filter=(True|False) '
                     r'model.head.proposals.allow_end_at_last=(True|False)', output)


def test_what_was_left_out_cannot_be_brought_back(tested, everything, call_tool, toy_data,
                                                  tmp_path):
    truth = toy_data / 'annotations.json'

    def stopped(*arguments):
        with pytest.raises(SystemExit) as stop:
            call_tool('postprocess.py', *arguments)
        return str(stop.value)
    assert '--cfg-options model.head.proposals.peak_filter=False' in stopped(
        tested / 'raw', truth, '--peak-filter', 'no')
    folder = tmp_path / 'old'
    shutil.copytree(everything, folder)
    info = json.loads((folder / 'raw.json').read_text())
    info['proposals']['allow_end_at_last'] = False
    (folder / 'raw.json').write_text(json.dumps(info))
    assert 'got --end-at-last yes, and the head had left' in stopped(
        folder, truth, '--end-at-last', 'yes')
    (folder / 'raw.json').write_text(json.dumps(info | dict(proposals=None)))
    assert 'do not say how their head chooses' in stopped(folder, truth, '--peak-filter', 'yes')


def test_the_table_of_choices_compares_with_the_configs(tested, everything, toy_data, capsys,
                                                        monkeypatch):
    script = str(ROOT / 'benchmarks' / 'postprocess_choices.py')

    def run(*folders):
        monkeypatch.setattr('sys.argv', [script, *map(str, folders),
                                         str(toy_data / 'annotations.json')])
        runpy.run_path(script, run_name='__main__')
    run(everything, everything)
    rows = [line.split(' | ') for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows[0][0] == '| as in the configs'
    assert len(rows) == 11
    base = float(rows[0][1].split(' ± ')[0])
    for row in rows[1:]:
        score, change = row[1].split(' ± ')[0], row[2].split(' ± ')[0]
        assert float(score) - base == pytest.approx(float(change), abs=0.011)
        assert row[1].endswith('± 0.00')      # two runs that are one
    with pytest.raises(SystemExit, match='has not all proposals'):
        run(tested / 'raw')


def test_options_that_make_no_sense_are_refused_before_any_is_tried(tested, call_tool, toy_data):
    for options, message in ((('--method', 'hard'), 'without iou_threshold'),
                             (('--sigma', 0.5, 0), 'sigma=0'),
                             (('--top-classes', 0), '--top-classes 0')):
        with pytest.raises(SystemExit) as stop:
            call_tool('postprocess.py', tested / 'raw', toy_data / 'annotations.json', *options)
        assert str(stop.value).startswith('postprocess: ')
        assert message in str(stop.value)


@pytest.mark.parametrize('change', [
    lambda folder: None,
    lambda folder: (folder / 'unfinished.txt').write_text('killed after all was written'),
    lambda folder: (folder / 'raw.json').unlink()])      # npz files of somebody else
def test_a_folder_that_holds_files_is_refused_before_testing(change, tested, checkpoint, call_tool,
                                                             toy_configs, tmp_path):
    change(shutil.copytree(tested / 'raw', tmp_path / 'raw'))
    before = set((tmp_path / 'raw').iterdir())
    with pytest.raises(ValueError, match='holds files already'):
        call_tool('test.py', toy_configs / 'gtad_toy.py', checkpoint, '--work-dir', tmp_path,
                  '--dump-raw', tmp_path / 'raw')
    assert set((tmp_path / 'raw').iterdir()) == before


def test_a_folder_of_a_killed_test_gets_the_proposals_of_the_next_one_alone(
        tested, checkpoint, call_tool, toy_configs, tmp_path):
    folder = tmp_path / 'raw'
    folder.mkdir()
    (folder / 'unfinished.txt').touch()
    for name in ('val_0000', 'train_0000'):     # of another model, and of another subset
        shutil.copy(tested / 'raw' / 'val_0001.npz', folder / f'{name}.npz')
    call_tool('test.py', toy_configs / 'gtad_toy.py', checkpoint, '--work-dir', tmp_path,
              '--dump-raw', folder)
    assert {path.name: path.read_bytes() for path in folder.glob('*.npz')} == {
        path.name: path.read_bytes() for path in (tested / 'raw').glob('*.npz')}
    assert not (folder / 'unfinished.txt').exists()


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
