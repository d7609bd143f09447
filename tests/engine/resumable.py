"""A small LoFi training for tests that kill and resume it: `python resumable.py WORK_DIR …`.

Everything random takes part: shuffled videos, jittered snippets, flips, dropout, the head's sampled
loss, momentum, EMA, a schedule by iteration, and batch norm. The hooks are those that mmlofi's
configs have by default.
"""
from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner, find_latest_checkpoint

import mmlofi  # noqa: F401  (registers)
from mmlofi.engine.launch import prepare_launcher

CYCLE = [dict(name='S', spatial=2), dict(name='T', temporal=4),
         dict(name='ST', temporal=2, spatial=2**0.5)]

SHIPPED = Config.fromfile(Path(__file__).parents[2] / 'configs/_base_/default_runtime.py')

HEADS = dict(
    gtad=dict(type='GTADHead', in_channels=32),
    actionformer=dict(type='ActionFormerHead', in_channels=32, num_classes=1, backbone=dict(
        embed_dim=16, arch=(1, 1, 2), window=-1, num_heads=2)))   # whose loss remembers batches


class Witness(Hook):
    """Appends to a file of its rank what reaches the model, and what the weights are then."""

    priority = 'HIGHEST'

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        weights, buffers = (sum(float(value.double().sum()) for value in values) for values in (
            runner.model.parameters(), runner.model.buffers()))
        pixels = sum(float(frames.double().sum()) for frames in data_batch['inputs'])
        with open(self.folder / f'steps_{runner.rank}.jsonl', 'a') as file:
            print(json.dumps(dict(
                step=runner.iter, epoch=runner.epoch, weights=weights, buffers=buffers,
                pixels=pixels,
                videos=[sample.video_name for sample in data_batch['data_samples']],
                fidelities=[sample.fidelity for sample in data_batch['data_samples']],
                shapes=[list(frames.shape) for frames in data_batch['inputs']])),
                  file=file, flush=True)


class Held(Hook):
    """Waits before the step that a file of the work dir names, as long as it is there.

    So no training has ended when somebody wants to kill it, however late that is.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / 'hold'

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        while runner.iter >= self._step():
            time.sleep(0.01)

    def _step(self) -> float:
        try:
            return int(self.path.read_text())
        except FileNotFoundError:
            return float('inf')


def config(args: argparse.Namespace) -> Config:
    """The training; the data is a folder with gt.json and the videos.

    Frames are of 64 at least because torch 2.13 leaves garbage in the bfloat16 gradient of a 3D
    convolution over 1 x 1 on CPUs with AMX.
    """
    pipeline = [
        dict(type='OpenVideo', short_side=64),
        dict(type='SampleSnippets', num_snippets=8, clip_len=2, frame_interval=2,
             placement='jitter'),
        dict(type='DecodeSnippets'),
        dict(type='AtFidelity', transform=dict(type='RandomCrop', size=64)),
        dict(type='Flip', flip_ratio=0.5),
        dict(type='FormatShape', input_format='NCTHW'), dict(type='PackTALInputs')]
    backbone = dict(type='ResNet3dSlowOnly', depth=18, base_channels=4, pretrained=None,
                    lateral=False, conv1_kernel=(1, 3, 3), conv1_stride_t=1, pool1_stride_t=1,
                    inflate=(0, 0, 0, 0))
    return Config(dict(
        work_dir=args.work_dir, default_scope='mmaction', launcher=args.launcher,
        log_level='WARNING', randomness=dict(seed=args.seed),
        model=dict(
            type='EndToEndLocalizer', backbone=backbone,
            head=HEADS[args.head],
            class_scores=dict(type='VideoClassifier', in_channels=32, num_classes=1),
            data_preprocessor=dict(type='ActionDataPreprocessor', mean=[128.0] * 3,
                                   std=[64.0] * 3, format_shape='NCTHW')),
        train_dataloader=dict(
            batch_size=args.batch_size, num_workers=args.workers,
            persistent_workers=args.workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            batch_sampler=dict(type='FidelityBatchSampler'),
            dataset=dict(type='UntrimmedVideoDataset', ann_file=f'{args.data}/gt.json',
                         subset='training', data_prefix=dict(video=args.data),
                         check_files=not args.no_check, pipeline=pipeline)),
        train_cfg=dict(type='FidelityTrainLoop', max_epochs=args.epochs),
        optim_wrapper=dict(
            type='AmpOptimWrapper' if args.amp else 'OptimWrapper',
            accumulative_counts=args.accumulate,
            optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20),
                         dict(type='StepLR', step_size=1, gamma=0.8, by_epoch=True)],
        custom_hooks=[dict(type='LoFiCycleHook', cycle=CYCLE, by=args.by,
                           interval=1 if args.by == 'epoch' else 2),
                      dict(type='EMAHook')],
        default_hooks=dict(
            SHIPPED.default_hooks, logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='AtomicCheckpointHook', by_epoch=args.every == 0,
                            interval=args.every or 1, max_keep_ckpts=2),
            bad_videos=dict(type='BadVideosHook', max_share=args.max_bad_share)),
        log_processor=dict(type='FidelityLogProcessor')))


def parser() -> argparse.ArgumentParser:
    """Of a work dir and settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir')
    parser.add_argument('--data', required=True)
    parser.add_argument('--by', default='epoch')
    parser.add_argument('--head', choices=HEADS, default='gtad')
    parser.add_argument('--every', type=int, default=2, help='steps between checkpoints; 0: epoch')
    for name, value in dict(epochs=3, workers=0, batch_size=1, accumulate=1, seed=0).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=value)
    parser.add_argument('--max-bad-share', type=float, default=0.05)
    parser.add_argument('--amp', action='store_true')
    parser.add_argument('--no-check', action='store_true', help='do not look for the videos')
    parser.add_argument('--launcher', default='none')
    return parser


def main() -> None:
    args = parser().parse_args()
    torch.set_num_threads(1)
    os.makedirs(args.work_dir, exist_ok=True)
    cfg = config(args)
    cfg.load_from = find_latest_checkpoint(args.work_dir)
    cfg.resume = cfg.load_from is not None
    prepare_launcher(cfg)
    runner = Runner.from_cfg(cfg)
    for hook in (Witness, Held):
        runner.register_hook(hook(Path(args.work_dir)))
    runner.train()


if __name__ == '__main__':
    main()
