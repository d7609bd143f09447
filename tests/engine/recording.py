"""A model that records what reaches it, and real Runners of it on small videos."""
from __future__ import annotations

import json

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel
from mmengine.runner import Runner

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
        self.steps, self.pixels = [], []

    def forward(self, inputs, data_samples=None, mode='tensor'):
        names = [sample.fidelity for sample in data_samples]
        assert len(names) == len(inputs)
        self.steps.append((names, inputs.shape[1], inputs.shape[4]))
        self.pixels.append(float(inputs.double().sum()))
        return dict(loss=self.weight.square().sum())


def make_runner(folder, *, epochs, hook, cycle=CYCLE, batch_size=2, batch_sampler=True, workers=1,
                crop=None, wrap=None, default_hooks=None, dataset=None, optim_wrapper=None,
                loader=None, sampler=None, order=None, model=None, divisor=2, **settings):
    pipeline = [
        dict(type='OpenVideo', short_side=64, divisor=divisor),
        dict(type='SampleSnippets', num_snippets=8, clip_len=2, frame_interval=2),
        dict(type='DecodeSnippets'),
        crop or dict(type='AtFidelity', transform=dict(type='CenterCrop', crop_size=64),
                     sizes=('crop_size',), divisor=divisor),
        dict(type='FormatShape', input_format='NCTHW'), dict(type='PackTALInputs')]
    settings = dict(randomness=dict(seed=0), log_level='WARNING') | settings
    settings.setdefault('train_cfg', dict(type='FidelityTrainLoop', max_epochs=epochs))
    videos = dict(type='UntrimmedVideoDataset', ann_file=str(folder / 'gt.json'), subset='training',
                  data_prefix=dict(video=str(folder)), pipeline=pipeline, **(dataset or {}))
    return Runner(
        model=model or dict(type='ShapeRecorder'), work_dir=str(folder / 'work'),
        default_scope='mmaction',
        custom_hooks=[dict(hook, type='LoFiCycleHook', **({'cycle': cycle} if cycle else {}))],
        train_dataloader=dict(
            batch_size=batch_size,
            **(loader or dict(num_workers=workers, persistent_workers=workers > 0)),
            sampler=order or dict(type='DefaultSampler', shuffle=True),
            dataset=wrap(videos) if wrap else videos,
            **(dict(batch_sampler=dict(sampler or {}, type='FidelityBatchSampler'))
               if batch_sampler else {})),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)) | (optim_wrapper or {}),
        log_processor=dict(type='FidelityLogProcessor', window_size=2),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            sampler_seed=dict(type='DistSamplerSeedHook'),
            checkpoint=dict(type='AtomicCheckpointHook', interval=1)) | (default_hooks or {}),
        **settings)


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
