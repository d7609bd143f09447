"""Trains a config: ACP, LoFi or a head on features. MMAction2's flags."""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import os
import os.path as osp

from mmlofi.arguments import add_cfg_options, merge_cfg_options
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder of logs and checkpoints; default '
                        'work_dirs/<name of the config>')
    parser.add_argument('--resume', nargs='?', type=str, const='auto',
                        help='continue from this checkpoint; without a value from the latest in '
                             'the work dir, or from the start when there is none')
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='do not score during training')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate by batch size × GPUs over '
                             'auto_scale_lr.base_batch_size')
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument('--diff-rank-seed', action='store_true',
                        help='a different seed on each rank')
    parser.add_argument('--deterministic', action='store_true',
                        help='deterministic algorithms on GPU')
    add_cfg_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args)

from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner, find_latest_checkpoint

from mmlofi.engine.launch import prepare_launcher


def merge_args(cfg: Config, args: argparse.Namespace) -> Config:
    """Puts the command line's choices into the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.launcher = args.launcher
    if args.work_dir is not None or cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = args.work_dir or osp.join('work_dirs', name)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        cfg.setdefault('auto_scale_lr', {})['enable'] = True
    cfg.randomness = dict(dict(seed=None), **(cfg.get('randomness') or {}))
    if args.seed is not None:
        cfg.randomness.seed = args.seed
    cfg.randomness.update({name: True for name in ('diff_rank_seed', 'deterministic')
                           if getattr(args, name)})
    merge_cfg_options(cfg, args.cfg_options)
    if args.resume is not None:   # so that the command that starts a run also continues it
        latest = find_latest_checkpoint(cfg.work_dir) if args.resume == 'auto' else args.resume
        cfg.resume = latest is not None
        cfg.load_from = latest or cfg.get('load_from')
    return cfg


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = merge_args(Config.fromfile(args.config), args)
    prepare_launcher(cfg)
    # As in OpenMMLab's other tools: runner_type='FlexibleRunner' of a config goes with a strategy.
    runner = RUNNERS.build(cfg) if cfg.get('runner_type') else Runner.from_cfg(cfg)
    runner.train()


if __name__ == '__main__':
    main()
