"""Training by the command line: the stages one after another, resuming, and each flag."""
from __future__ import annotations

import argparse
import importlib.util
import json
import math
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

TOOL = Path(__file__).parents[2] / 'tools' / 'train.py'
ONE_EPOCH = ('train_cfg.max_epochs=1', 'train_cfg.val_interval=1')


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, map_location='cpu', weights_only=False)['state_dict']


def epochs_in(output: str) -> list[int]:
    """The epochs that the log shows, in order."""
    return [int(number) for number in re.findall(r'Epoch\(train\)\s+\[(\d+)\]', output)]


def scalars(folder: Path) -> list[dict]:
    (path,) = folder.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---- the walk through the stages

@pytest.mark.slow
def test_stage_1_trains_and_validates_a_recognizer(acp):
    assert epochs_in(acp.output) == [1]
    assert re.search(r'Epoch\(val\) \[1\].* acc/top1: [01]\.\d+', acp.output)


@pytest.mark.slow
def test_stage_2_starts_from_the_backbone_of_stage_1(acp, lofi_begun):
    before = {name: value for name, value in weights(acp.checkpoint).items()
              if name.startswith('backbone.') and name.endswith('weight')}
    after = weights(lofi_begun.checkpoint)
    moved = [(after[name] - value).abs().max().item() for name, value in before.items()]
    assert len(moved) > 20
    assert 0 < max(moved) < 0.01     # two small steps; other random weights lie 0.1 and more apart


@pytest.mark.slow
def test_resume_without_a_checkpoint_is_a_start_with_load_from(acp, lofi_begun):
    assert f'Load checkpoint from {acp.checkpoint}' in lofi_begun.output
    assert epochs_in(lofi_begun.output) == [1, 2]


@pytest.mark.slow
def test_resume_goes_on_at_the_next_epoch_and_fidelity(lofi_begun, lofi):
    assert epochs_in(lofi.output) == [3]
    assert 'fidelity S: r_t=1, r_s=2, 25% of the pixels (epoch 1, ' in lofi_begun.output
    assert 'fidelity T: r_t=4, r_s=1, 25% of the pixels (epoch 2, ' in lofi_begun.output
    assert 'fidelity ST: r_t=2, r_s=1.41421, 25% of the pixels (epoch 3, ' in lofi.output
    content = torch.load(lofi.checkpoint, weights_only=False)
    assert (content['meta']['epoch'], content['meta']['iter']) == (3, 3)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(lofi_begun, train_lofi, tmp_path):
    first = weights(lofi_begun.checkpoint)
    again = weights(train_lofi(tmp_path, 2).checkpoint)
    assert first.keys() == again.keys()
    assert [name for name, value in first.items() if not torch.equal(value, again[name])] == []


@pytest.mark.slow
def test_stage_3_trains_on_the_extracted_features_and_logs_the_map(gtad):
    assert epochs_in(gtad.output) == [1, 2]
    steps = scalars(gtad.folder)
    scores = [step['mAP'] for step in steps if 'mAP' in step]
    losses = [step['loss'] for step in steps if 'loss' in step]
    assert len(scores) == len(losses) == 2
    assert all(0 <= score <= 1 for score in scores)
    assert all(math.isfinite(loss) for loss in losses)


@pytest.mark.slow
def test_each_stage_leaves_its_cost_and_a_resumed_one_adds_up(acp, lofi_begun, lofi, gtad):
    costs = [json.loads((run.folder / 'cost.json').read_text())
             for run in (acp, lofi_begun, lofi, gtad)]
    assert all(cost['device'] == 'cpu' and cost['seconds'] > 0 for cost in costs)
    assert all(cost['peak_memory_mib'] > 100 for cost in costs)
    assert costs[2]['seconds'] > costs[1]['seconds']


# ---- single flags

@pytest.fixture
def train_head(call_tool, toy_configs, tmp_path):
    """Trains a head on meaningless features for an epoch of one step; gives its work dir."""
    def train(*arguments: str, options: tuple[str, ...] = ()) -> Path:
        call_tool('train.py', toy_configs / 'gtad_toy.py', '--work-dir', tmp_path / 'head',
                  *arguments, '--cfg-options', *ONE_EPOCH, *options)
        return tmp_path / 'head'
    return train


def test_amp_trains_on_a_cpu(train_head):
    folder = train_head('--amp')
    assert Config.fromfile(folder / 'gtad_toy.py').optim_wrapper.type == 'AmpOptimWrapper'
    assert all(value.isfinite().all() for value in weights(folder / 'epoch_1.pth').values())


def test_all_that_saves_memory_trains_together(call_tool, toy_configs, untrained_lofi, tmp_path):
    call_tool('train.py', toy_configs / 'lofi_toy.py', '--work-dir', tmp_path / 'lofi', '--amp',
              '--cfg-options', f'load_from={untrained_lofi}', 'train_cfg.max_epochs=1',
              'train_dataloader.batch_size=2', 'optim_wrapper.dtype=bfloat16',
              'optim_wrapper.accumulative_counts=2',
              *(f'model.encoder.{option}' for option in (
                  'chunk_size=8', 'grad_ratio=0.5', 'checkpointing=True', 'channels_last=True')))
    before, after = weights(untrained_lofi), weights(tmp_path / 'lofi' / 'epoch_1.pth')
    assert all(value.isfinite().all() for value in after.values())
    moved = [name for name, value in before.items()
             if name.startswith('backbone.') and name.endswith('conv.weight')
             and not torch.equal(value, after[name])]
    assert len(moved) == sum(name.startswith('backbone.') and name.endswith('conv.weight')
                             for name in before) > 10
    (step,) = [line for line in scalars(tmp_path / 'lofi') if 'S/loss' in line]
    assert math.isfinite(step['S/loss'])


def test_no_validate_scores_nothing_even_if_the_best_checkpoint_is_to_be_kept(train_head):
    folder = train_head('--no-validate', options=('default_hooks.checkpoint.save_best=mAP',))
    assert not any('mAP' in step for step in scalars(folder))
    assert (folder / 'epoch_1.pth').exists()


def test_cfg_options_override_the_config(train_head):
    folder = train_head(options=('optim_wrapper.optimizer.lr=0.125', 'model.nms.top_k=7'))
    assert scalars(folder)[0]['lr'] == 0.125
    assert Config.fromfile(folder / 'gtad_toy.py').model.nms.top_k == 7


def test_auto_scale_lr_scales_by_the_batch_size(train_head):
    folder = train_head('--auto-scale-lr', options=('train_dataloader.batch_size=4',))
    assert scalars(folder)[0]['lr'] == pytest.approx(2e-3 * 4 / 16)


@pytest.fixture
def merge():
    """`merge_args` of the tool: the config after a command line."""
    spec = importlib.util.spec_from_file_location('train_tool', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def merge(content: dict, **given: object) -> Config:
        flags = dict.fromkeys(('work_dir', 'resume', 'seed', 'cfg_options'))
        flags |= dict.fromkeys(('amp', 'no_validate', 'auto_scale_lr', 'diff_rank_seed',
                                'deterministic'), False)
        flags |= dict(config='configs/some.py', launcher='none') | given
        return tool.merge_args(Config(content), argparse.Namespace(**flags))
    return merge


def test_the_work_dir_is_named_by_the_config_unless_someone_names_it(merge):
    assert merge({}).work_dir == 'work_dirs/some'
    assert merge(dict(work_dir='in_config')).work_dir == 'in_config'
    assert merge(dict(work_dir='in_config'), work_dir='flag').work_dir == 'flag'
    assert merge({}, cfg_options=dict(work_dir='option')).work_dir == 'option'


def test_flags_about_randomness_change_only_what_they_name(merge):
    assert merge({}).randomness == dict(seed=None)
    assert merge(dict(randomness=dict(seed=3)), deterministic=True).randomness == dict(
        seed=3, deterministic=True)
    assert merge(dict(randomness=dict(seed=3, deterministic=True)), seed=0).randomness == dict(
        seed=0, deterministic=True)


def test_resume_takes_the_checkpoint_that_is_named_or_the_latest(merge, tmp_path):
    named = merge(dict(load_from='acp.pth'), resume='mine.pth')
    assert (named.resume, named.load_from) == (True, 'mine.pth')
    start = merge(dict(load_from='acp.pth'), resume='auto', work_dir=str(tmp_path))
    assert (start.resume, start.load_from) == (False, 'acp.pth')
    (tmp_path / 'last_checkpoint').write_text('epoch_4.pth')
    latest = merge(dict(load_from='acp.pth'), resume='auto', work_dir=str(tmp_path))
    assert (latest.resume, latest.load_from) == (True, 'epoch_4.pth')
