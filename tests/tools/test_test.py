"""Scoring a checkpoint by the command line."""
from __future__ import annotations

import json
import re

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope


def printed_scores(output: str) -> dict[str, float]:
    """The figures of the log's last line of test."""
    line = [line for line in output.splitlines() if 'Epoch(test)' in line][-1]
    return {name: float(value) for name, value in re.findall(r'(mAP\S*): ([\d.]+)', line)}


@pytest.fixture(scope='module')
def scored(gtad, features, must_run, toy_configs, tmp_path_factory):
    """What `tools/test.py --dump` printed and wrote for the head of stage 3."""
    folder = tmp_path_factory.mktemp('scored')
    dump = folder / 'new' / 'detections.json'
    output = must_run('test.py', toy_configs / 'gtad_toy.py', gtad.checkpoint, '--work-dir', folder,
                      '--dump', dump, TOY_FEATURES=features.folder)
    return output, dump


@pytest.mark.slow
def test_the_score_is_that_of_the_last_validation(scored, gtad):
    (path,) = gtad.folder.glob('*/vis_data/scalars.json')
    last = json.loads(path.read_text().splitlines()[-1])
    found = printed_scores(scored[0])
    assert len(found) == 11
    assert found == {name: round(last[name], 4) for name in found}


@pytest.mark.slow
def test_the_dumped_detections_score_the_same_by_the_scoring_tool(scored, call_tool, toy_data,
                                                                  tmp_path, capsys):
    output, dump = scored
    call_tool('eval_detections.py', dump, toy_data / 'annotations.json', '--out',
              tmp_path / 'scores.json')
    assert '5 videos' in capsys.readouterr().out
    scores = json.loads((tmp_path / 'scores.json').read_text())
    found = printed_scores(output)
    assert found.pop('mAP') == round(scores['average_mAP'], 4)
    assert found == {f'mAP@{name}': round(value, 4) for name, value in scores['mAP'].items()}


@pytest.mark.slow
def test_the_dump_is_activitynets_json_with_known_classes_and_times_inside_the_video(scored,
                                                                                     toy_data):
    content = json.loads(scored[1].read_text())
    assert content.keys() == {'version', 'results', 'external_data'}
    database = json.loads((toy_data / 'annotations.json').read_text())['database']
    validation = {name for name, entry in database.items() if entry['subset'] == 'validation'}
    classes = {item['label'] for entry in database.values() for item in entry['annotations']}
    assert content['results'].keys() == validation
    for name, detections in content['results'].items():
        assert 0 < len(detections) <= 200     # the best 100 for each of 2 classes
        for detection in detections:
            start, end = detection['segment']
            assert 0 <= start < end <= database[name]['duration'] + 0.1
            assert detection['label'] in classes
            assert 0 <= detection['score'] <= 1


@pytest.fixture
def head_checkpoint(toy_configs, tmp_path):
    """A stage-3 checkpoint with random weights."""
    init_default_scope('mmaction')
    model = MODELS.build(Config.fromfile(toy_configs / 'gtad_toy.py').model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'head.pth')
    return tmp_path / 'head.pth'


def test_cfg_options_override_the_config(head_checkpoint, call_tool, toy_configs, tmp_path):
    call_tool('test.py', toy_configs / 'gtad_toy.py', head_checkpoint, '--work-dir', tmp_path,
              '--dump', tmp_path / 'out.json', '--cfg-options', 'model.nms.top_k=3',
              'model.top_classes=1')
    results = json.loads((tmp_path / 'out.json').read_text())['results']
    assert [len(detections) for detections in results.values()] == [3] * 5


def test_a_test_of_a_runs_own_config_leaves_it_as_it_is(
        head_checkpoint, call_tool, toy_configs, toy_data, toy_features, tmp_path, monkeypatch):
    run = tmp_path / 'run'
    run.mkdir()
    monkeypatch.setenv('TOY_DATA', str(toy_data))
    monkeypatch.setenv('TOY_FEATURES', str(toy_features))
    config = Config.fromfile(toy_configs / 'gtad_toy.py')
    config.work_dir = str(run)
    config.dump(run / 'gtad_toy.py')
    before = (run / 'gtad_toy.py').read_bytes()
    for name in ('first', 'second'):      # each into its own files
        call_tool('test.py', run / 'gtad_toy.py', head_checkpoint, '--dump',
                  tmp_path / f'{name}.json', '--dump-raw', tmp_path / name)
        assert len(list((tmp_path / name).glob('*.npz'))) == 5
    assert (run / 'gtad_toy.py').read_bytes() == before
    assert len(list(run.glob('*/vis_data/config.py'))) == 2


def test_random_class_scores_are_refused_by_name(untrained_lofi, call_tool, toy_configs, tmp_path):
    with pytest.raises(ValueError, match='of class_scores 0 of 4 weights fit'):
        call_tool('test.py', toy_configs / 'gtad_toy.py', untrained_lofi, '--work-dir', tmp_path)


def test_a_stage_2_model_is_tested_on_its_own_checkpoint(untrained_lofi, call_tool, toy_configs,
                                                         tmp_path):
    call_tool('test.py', toy_configs / 'lofi_toy.py', untrained_lofi, '--work-dir', tmp_path,
              '--dump', tmp_path / 'out.json', '--cfg-options', 'test_dataloader.num_workers=0')
    assert len(json.loads((tmp_path / 'out.json').read_text())['results']) == 5


def test_a_checkpoint_of_gtads_authors_is_tested_as_it_is(head_checkpoint, authors_names, call_tool,
                                                          toy_configs, tmp_path):
    model = MODELS.build(Config.fromfile(toy_configs / 'gtad_toy.py').model)
    model.load_state_dict(torch.load(head_checkpoint)['state_dict'])
    state = {f'module.{name}': value for name, value in authors_names(model.head).items()}
    torch.save(dict(epoch=5, state_dict=state), tmp_path / 'authors.pth')
    for name in ('head', 'authors'):
        call_tool('test.py', toy_configs / 'gtad_toy.py', tmp_path / f'{name}.pth', '--work-dir',
                  tmp_path, '--dump', tmp_path / f'{name}.json', '--cfg-options',
                  'model.class_scores=None')
    assert (tmp_path / 'authors.json').read_text() == (tmp_path / 'head.json').read_text()


def test_a_missing_checkpoint_is_named(call_tool, toy_configs, tmp_path):
    with pytest.raises(FileNotFoundError, match='no checkpoint at none.pth; expected a file'):
        call_tool('test.py', toy_configs / 'gtad_toy.py', 'none.pth', '--work-dir', tmp_path)


def test_detections_of_a_recognizer_cannot_be_dumped(call_tool, toy_configs, tmp_path):
    with pytest.raises(SystemExit, match='acp_toy.py has another test_evaluator: leave it out'):
        call_tool('test.py', toy_configs / 'acp_toy.py', 'none.pth', '--dump', tmp_path / 'a.json')
