"""LoFiCycleHook in real Runners, on decoded videos and worker processes."""
from __future__ import annotations

import json
import shutil

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmlofi.engine import cycle_hook

CYCLE = [dict(name='S', spatial=2), dict(name='T', temporal=4),
         dict(name='ST', temporal=2, spatial=2**0.5)]
SHAPES = dict(S=(8, 32), T=(2, 64), ST=(4, 46))   # snippets and side of 8 × 64 at full fidelity
EPOCH = 3   # batches of 2 of 6 videos


@MODELS.register_module()
class ShapeRecorder(BaseModel):
    """Writes down what reaches a model: fidelities, snippets and side of each step."""

    def __init__(self) -> None:
        super().__init__(dict(type='ActionDataPreprocessor', format_shape='NCTHW'))
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.steps = []

    def forward(self, inputs, data_samples=None, mode='tensor'):
        names = [sample.fidelity for sample in data_samples]
        assert len(names) == len(inputs) == 2
        self.steps.append((names, inputs.shape[1], inputs.shape[4]))
        return dict(loss=self.weight.square().sum())


@pytest.fixture(autouse=True)
def _no_survey_of_the_machine(monkeypatch):
    """A Runner looks for compilers and GPUs, which takes 5 s each time."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)


@pytest.fixture
def videos(tmp_path, numbered_video):
    """Six videos of 80 × 64 with annotations."""
    database = {}
    for name in 'abcdef':
        shutil.copy(numbered_video, tmp_path / f'{name}.mp4')
        database[name] = dict(subset='training', duration=10,
                              annotations=[dict(segment=[2, 5], label='run')])
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
    return tmp_path


def make_runner(folder, *, epochs, hook, cycle=CYCLE, batch_size=2, batch_sampler=True, workers=1,
                crop=None, **settings):
    pipeline = [
        dict(type='OpenVideo', short_side=64),
        dict(type='SampleSnippets', num_snippets=8, clip_len=2, frame_interval=2),
        dict(type='DecodeSnippets'),
        crop or dict(type='AtFidelity', transform=dict(type='CenterCrop', crop_size=64),
                     sizes=('crop_size',)),
        dict(type='FormatShape', input_format='NCTHW'), dict(type='PackTALInputs')]
    settings.setdefault('train_cfg', dict(by_epoch=True, max_epochs=epochs))
    return Runner(
        model=dict(type='ShapeRecorder'), work_dir=str(folder / 'work'), default_scope='mmaction',
        experiment_name=f'{folder.name}_{epochs}', log_level='WARNING',
        custom_hooks=[dict(type='LoFiCycleHook', cycle=cycle, **hook)],
        train_dataloader=dict(
            batch_size=batch_size, num_workers=workers, persistent_workers=workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='UntrimmedVideoDataset', ann_file=str(folder / 'gt.json'),
                         subset='training', data_prefix=dict(video=str(folder)),
                         pipeline=pipeline),
            **(dict(batch_sampler=dict(type='FidelityBatchSampler')) if batch_sampler else {})),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)), randomness=dict(seed=0),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1),
                           sampler_seed=dict(type='DistSamplerSeedHook'),
                           checkpoint=dict(type='CheckpointHook', interval=1)), **settings)


def train(folder, **settings):
    """The names of the fidelities that reached the model, after their shapes were checked."""
    runner = make_runner(folder, **settings)
    runner.train()
    runner.train_dataloader._iterator = None   # ends its worker now; garbage collection needs 5 s
    names = []
    for step_names, snippets, side in runner.model.steps:
        assert len(set(step_names)) == 1
        assert (snippets, side) == SHAPES[step_names[0]]
        names.append(step_names[0])
    return names, runner


def logged(folder):
    lines = next((folder / 'work').glob('*/vis_data/scalars.json')).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_long_cycle_reaches_the_model_epoch_by_epoch(videos):
    names, runner = train(videos, epochs=4, hook=dict(by='epoch'))
    assert names == ['S'] * EPOCH + ['T'] * EPOCH + ['ST'] * EPOCH + ['S'] * EPOCH
    assert runner.max_iters == 4 * EPOCH


def test_the_short_cycle_reaches_the_model_step_by_step(videos):
    names, _ = train(videos, epochs=3, hook=dict(by='iter', interval=2))
    assert names == ['S', 'S', 'T', 'T', 'ST', 'ST', 'S', 'S', 'T']


def test_reductions_are_logged_beside_the_loss(videos):
    _, runner = train(videos, epochs=3, hook=dict(by='epoch'))
    temporal = runner.message_hub.get_scalar('train/fidelity/temporal').data[0]
    spatial = runner.message_hub.get_scalar('train/fidelity/spatial').data[0]
    assert list(temporal) == [1] * EPOCH + [4] * EPOCH + [2] * EPOCH
    assert list(spatial) == [2] * EPOCH + [1] * EPOCH + [2**0.5] * EPOCH
    lines = logged(videos)
    assert len(lines) == 3 * EPOCH
    assert lines[0]['fidelity/spatial'] == 2
    assert {'loss', 'fidelity/temporal', 'fidelity/spatial'} <= set(lines[-1])


def test_every_change_is_announced_once(videos, monkeypatch):
    said = []
    monkeypatch.setattr(cycle_hook, 'print_log', lambda message, **_: said.append(message))
    train(videos, epochs=2, hook=dict(by='epoch'))
    assert said == [
        'fidelity S: r_t=1, r_s=2, 25% of the pixels (epoch 1, iteration 1)',
        'fidelity T: r_t=4, r_s=1, 25% of the pixels (epoch 2, iteration 4)']


def test_a_resumed_training_goes_on_in_the_cycle_with_the_same_videos(videos):
    whole, _ = train(videos, epochs=4, hook=dict(by='epoch'))
    shutil.rmtree(videos / 'work')
    train(videos, epochs=2, hook=dict(by='epoch'))
    rest, runner = train(videos, epochs=4, hook=dict(by='epoch'), resume=True)
    assert rest == whole[2 * EPOCH:] == ['ST'] * EPOCH + ['S'] * EPOCH
    assert runner.epoch == 4


def test_a_resumed_short_cycle_goes_on_at_its_step(videos):
    train(videos, epochs=1, hook=dict(by='iter', interval=2))
    rest, _ = train(videos, epochs=3, hook=dict(by='iter', interval=2), resume=True)
    assert rest == ['T', 'ST', 'ST', 'S', 'S', 'T']


def test_a_cycle_of_one_fidelity_never_changes(videos):
    names, _ = train(videos, epochs=2, hook=dict(by='epoch'), cycle=CYCLE[1:2])
    assert names == ['T'] * 2 * EPOCH


def test_a_missing_sampler_is_named_before_the_first_step(videos):
    runner = make_runner(videos, epochs=1, hook=dict(by='epoch'), batch_sampler=False)
    with pytest.raises(ValueError, match='found the batch sampler BatchSampler; expected a '
                                         r'FidelityBatchSampler: set train_dataloader\.batch_s'):
        runner.train()
    assert runner.model.steps == []


def test_a_loop_by_iteration_is_refused_before_the_first_step(videos):
    runner = make_runner(videos, epochs=1, hook=dict(by='iter'), workers=0,
                         train_cfg=dict(by_epoch=False, max_iters=4))
    with pytest.raises(ValueError, match='found IterBasedTrainLoop; expected an EpochBasedTrain'):
        runner.train()
    assert runner.model.steps == []


def test_fewer_videos_than_a_batch_are_refused_before_anything_trains(videos):
    runner = make_runner(videos, epochs=1, hook=dict(by='epoch'), batch_size=7)
    with pytest.raises(ValueError, match='a rank gets 6 videos an epoch, fewer than batch_size=7'):
        runner.train()


def test_a_pipeline_that_does_not_follow_the_cycle_is_refused(videos):
    runner = make_runner(videos, epochs=2, hook={}, workers=0,
                         crop=dict(type='Resize', scale=(64, 64), keep_ratio=False))
    with pytest.raises(ValueError, match=r"'S' and 'T' differ in r_s.* 64 x 64.*AtFidelity"):
        runner.train()
    assert len(runner.model.steps) == EPOCH   # all of S, none of T


def test_too_few_snippets_to_divide_are_refused(videos):
    runner = make_runner(videos, epochs=2, hook={}, workers=0, cycle=[
        dict(name='T', temporal=8), dict(name='less', temporal=16)])
    with pytest.raises(ValueError, match="'T' and 'less' differ in r_t"):
        runner.train()
