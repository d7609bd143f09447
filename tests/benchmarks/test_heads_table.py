"""The program that sets heads beside each other on the procedural benchmark."""
from __future__ import annotations

import importlib
import json
import runpy
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

ROOT = Path(__file__).parents[2]
# Which encoder, and how long each stage takes.
OF_THE_WORLD = {'side', 'backbone', 'stage_1', 'stage_2', 'stage_3_epochs', 'one_stage_epochs'}


@pytest.fixture(scope='module')
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'benchmarks')
        importlib.import_module('both_classifiers')
        yield runpy.run_path(str(ROOT / 'benchmarks' / 'heads_table.py'))


def load(name: str, world: str, monkeypatch) -> Config:
    monkeypatch.setenv('TOY_WORLD', world)
    init_default_scope('mmaction')
    return Config.fromfile(ROOT / 'configs/toy' / name)


@pytest.mark.parametrize('world', ['scenes', 'motions'])
def test_the_encoder_of_each_world_gives_the_channels_that_the_heads_take(world, monkeypatch):
    cfg = load('lofi_toy.py', world, monkeypatch)
    side = cfg.side // 2                                                      # fidelity S
    frames = torch.randn(1, 3, cfg.clip_len, side, side)
    assert MODELS.build(cfg.model.backbone)(frames).size(1) == cfg.feat_dim


def test_a_world_says_the_encoder_and_how_long_each_stage_takes_and_no_more(monkeypatch):
    worlds = [load('lofi_toy.py', world, monkeypatch).to_dict() for world in ('scenes', 'motions')]
    assert {key for key in worlds[0] if worlds[0][key] != worlds[1].get(key)} == OF_THE_WORLD | {
        'model', 'open_video', 'train_pipeline', 'test_pipeline', 'train_dataloader',
        'test_dataloader', 'max_epochs', 'train_cfg', 'param_scheduler', 'custom_hooks',
        'optim_wrapper', 'auto_scale_lr'}                                    # which use them


@pytest.mark.parametrize('config', ['lofi_toy.py', 'lofi_bmn_toy.py'])
def test_classifiers_change_neither_the_encoder_nor_the_head(script, monkeypatch, config):
    weights = []
    cfg = load(config, 'motions', monkeypatch)
    start = MODELS.build(cfg.model.backbone).state_dict()
    for kind in (None, 'VideoClassifier', 'SegmentClassifier', 'BothClassifiers'):
        cfg = load(config, 'motions', monkeypatch)
        if kind is not None:
            cfg.model.class_scores = dict(type=kind, in_channels=128, num_classes=5)
        weights.append(after_two_steps(cfg, start))
    for name, weight in weights[0].items():
        assert all(torch.equal(weight, other[name]) for other in weights[1:]), name
    assert all(len(other) > len(weights[0]) for other in weights[1:])       # the classifier's
    assert not torch.equal(weights[0]['backbone.conv1.conv.weight'], start['conv1.conv.weight'])


def after_two_steps(cfg: Config, start: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of a model trained on a video of noise, from an encoder's."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).train()
    model.init_weights()
    model.backbone.load_state_dict(start)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(2):
        torch.manual_seed(step)          # as the training loop does
        video = torch.randint(0, 256, (8, 3, 4, 24, 24), dtype=torch.uint8)
        sample = ActionDataSample()
        sample.gt_instances = InstanceData(segments=torch.tensor([[0.1, 0.4], [0.5, 0.9]]),
                                           labels=torch.tensor([1, 3]))
        batch = model.data_preprocessor(dict(inputs=[video], data_samples=[sample]), True)
        loss = sum(model(**batch, mode='loss').values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.state_dict()


def test_the_table_has_what_is_complete_with_its_deviation(script, tmp_path):
    table = script['HeadsTable'](tmp_path, smoke=True)
    for seed, score in enumerate([0.2, 0.4]):
        write_scores(table.tested('acp', 'bmn_video', seed), score)
    write_scores(table.tested('lofi', 'bmn_video', 0), 0.5)
    begun = table.tested('acp', 'bmn_video', 2)
    write_scores(begun, 0.9)
    (begun / 'done').unlink()
    assert table.table().splitlines()[2:] == [
        '| BMN, classes of the video | 30.00 ± 14.14 (2) | 15.00 ± 7.07 | 50.00 (1) | 25.00 '
        '| - | - |']


def write_scores(folder: Path, score: float) -> None:
    test = folder / '20260101_000000' / '20260101_000000.json'
    test.parent.mkdir(parents=True)
    test.write_text(json.dumps({'mAP@0.50': score, 'mAP': score / 2}) + '\n')
    (folder / 'done').touch()


def test_rows_of_one_head_share_its_training(script, tmp_path):
    table = script['HeadsTable'](tmp_path, several=True)
    paths = [table.tested('lofi', row, 0) for row in ('gtad_video', 'gtad_segment')]
    assert paths[0] != paths[1]
    assert paths[0].parent == paths[1].parent
    stretched, plain = (table.tested('end_to_end', row, 0).parent
                        for row in ('actionformer_stretched', 'actionformer'))
    assert stretched != plain
    assert not list(tmp_path.iterdir())
    table.cell('acp', 'actionformer_stretched', 0)      # nothing to train beside `plain`
    assert not list(tmp_path.iterdir())
    cfg = Config.fromfile(table.config('gtad', 'lofi_toy.py'))
    assert cfg.model.class_scores.type == 'BothClassifiers'
    assert table.config('tridet', 'tridet_toy.py').parent == ROOT / 'configs' / 'toy'
