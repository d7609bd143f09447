"""Tests a checkpoint: mAP of a localizer, accuracy of a recognizer.

The flags are MMAction2's, but for those that show each sample (--show, --show-dir, --interval and
--wait-time; tools/plot_detections.py draws detections). And --dump writes json, which
tools/eval_detections.py and tools/plot_detections.py read, where MMAction2's writes a pickle.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import os
import os.path as osp

from mmlofi.arguments import add_cfg_options, merge_cfg_options
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help='folder of logs; default work_dirs/<name of the config>')
    parser.add_argument('--dump', metavar='PRED.json',
                        help="write the detections as json in ActivityNet's format")
    parser.add_argument('--dump-raw', metavar='FOLDER',
                        help="write each video's proposals before soft-NMS to a new folder, for "
                             'tools/postprocess.py')
    add_cfg_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args)

from mmengine.config import Config
from mmengine.runner import Runner

from mmlofi.engine.launch import prepare_launcher
from mmlofi.files import CannotWrite, check_writable


def merge_args(cfg: Config, args: argparse.Namespace) -> Config:
    """Puts the command line's choices into the config."""
    cfg.launcher = args.launcher
    if args.work_dir is not None or cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = args.work_dir or osp.join('work_dirs', name)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    merge_cfg_options(cfg, args.cfg_options)
    if args.dump is not None:
        if not isinstance(cfg.test_evaluator, dict) or cfg.test_evaluator.type != 'TALMetric':
            raise SystemExit('--dump writes the detections that TALMetric scores, and '
                             f'{args.config} has another test_evaluator: leave it out, or test a '
                             'localizer')
        try:
            check_writable(args.dump)
        except CannotWrite as error:
            raise SystemExit(f'--dump: {error}') from error
        cfg.test_evaluator.out_file = args.dump
    if args.dump_raw is not None:
        cfg.custom_hooks = [*cfg.get('custom_hooks', []),
                            dict(type='RawProposalsHook', out_dir=args.dump_raw)]
    return cfg


class TestRunner(Runner):
    """MMEngine's, which leaves the config in the work dir as the training wrote it.

    A test of that very config would put its checkpoint, hooks and files into it; they are in the
    log and in `vis_data/config.py`.
    """

    def dump_config(self) -> None:
        """Writes nothing."""


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = merge_args(Config.fromfile(args.config), args)
    prepare_launcher(cfg)
    TestRunner.from_cfg(cfg).test()


if __name__ == '__main__':
    main()
