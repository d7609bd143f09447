"""Writes full-fidelity snippet features, one npz file a video, for training a head on them.

The config is one with a backbone and a test_dataloader of videos (stage 2); the checkpoint is that
of stage 2 (LoFi) or of a recognizer with the same backbone (ACP), by path or URL; without one, the
weights are those that model.backbone names by `pretrained` or `init_cfg` (ICP). Complete files are
kept, so that an interrupted run continues. Under torchrun each process takes its share of the
videos.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import os.path as osp

import torch
from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.dist import barrier, get_rank, get_world_size, init_dist, is_distributed
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmengine.utils import ProgressBar
from torch.utils.data import DataLoader

from mmlofi.apis import load_encoder
from mmlofi.datasets.streaming import CHUNK_SNIPPETS, SnippetStream
from mmlofi.datasets.transforms import save_features
from mmlofi.engine.launch import prepare_launcher
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.streaming import encode_videos


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'got {text!r}; expected a whole number of 1 or more, '
                                         'such as 8 where memory is short')
    return int(text)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file with a backbone')
    parser.add_argument('checkpoint', nargs='?',
                        help='checkpoint with that backbone; default: what the config names')
    parser.add_argument('--out', required=True, help='folder for the features')
    parser.add_argument('--subset', nargs='+', default=['training', 'validation'],
                        help='one or more subsets of the annotations; default training validation')
    parser.add_argument('--chunk-snippets', type=positive, default=CHUNK_SNIPPETS,
                        help='snippets decoded and encoded at a time: bounds memory, whatever the '
                             'length of the video; default %(default)s')
    parser.add_argument('--dtype', choices=['float32', 'float16'], default='float32',
                        help='of the stored features')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='override settings of the config')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


def claim_folder(out: str, header: dict) -> None:
    """Writes what the features are beside them; refuses a folder of other ones."""
    path = osp.join(out, 'features.json')
    if osp.exists(path):
        with open(path, encoding='utf-8') as file:
            found = json.load(file)
        changed = sorted(key for key in header if found.get(key) != header[key])
        if changed:
            raise SystemExit(f'{out} holds features made with other settings ({changed} differ); '
                             'expected an empty folder or the same settings: give another --out, '
                             'or delete this one')
    else:
        os.makedirs(out, exist_ok=True)
        if any(name.endswith('.npz') for name in os.listdir(out)):
            raise SystemExit(f'{out} holds npz files, and no features.json that says what they '
                             'are; expected an empty folder, or one that this tool made')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(header, file, indent=1)


def describe(cfg: Config, model: EndToEndLocalizer, dtype: str) -> dict:
    """What the stored features depend on: the weights, wherever they came from, and settings."""
    dataset = cfg.test_dataloader.dataset
    plain = {key: dataset.get(key)
             for key in ('data_root', 'data_prefix', 'filename_tmpl', 'pipeline')}
    plain |= {key: cfg.model.get(key) for key in ('backbone', 'data_preprocessor')}
    plain['encoder'] = dict(input_format=model.encoder.input_format)   # others change no feature
    return dict(backbone_sha256=hash_weights(model.backbone), dtype=dtype,
                **json.loads(json.dumps(plain, default=str)))


def hash_weights(module: torch.nn.Module) -> str:
    """A digest of all weights, their names and shapes, in the order of the names."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f'{name} {tuple(value.shape)} {value.dtype}'.encode())
        digest.update(value.cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def whole_videos(dataset: dict, subset: str) -> dict:
    """The config of a data set of whole videos: stage 3 cuts windows from what is stored."""
    return dict(dataset, subset=subset, test_mode=True) | ({'window': None} if 'window' in dataset
                                                           else {})


def extract(cfg: Config, model: EndToEndLocalizer, args: argparse.Namespace, subset: str) -> None:
    """One subset's features, this process's share of the videos that are not there yet."""
    dataset = DATASETS.build(whole_videos(cfg.test_dataloader.dataset, subset))
    names = [dataset.get_data_info(index)['video_name'] for index in range(len(dataset))]
    mine = range(get_rank(), len(names), get_world_size())
    todo = [index for index in mine if not osp.exists(osp.join(args.out, f'{names[index]}.npz'))]
    if get_rank() == 0:
        print(f'{subset}: {len(names)} videos, {len(todo)} of {len(mine)} to do on this process')
    if not todo:
        return
    chunks = DataLoader(SnippetStream(dataset, todo, args.chunk_snippets), batch_size=None,
                        num_workers=min(cfg.test_dataloader.num_workers, len(todo)))
    progress = ProgressBar(len(todo)) if get_rank() == 0 else None
    for sample, features in encode_videos(model, chunks):
        save_features(osp.join(args.out, f'{sample.video_name}.npz'),
                      features.cpu().numpy().astype(args.dtype), sample.duration_sec)
        if progress is not None:
            progress.update()
    if progress is not None:
        print()


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope('mmaction')
    cfg.launcher = args.launcher
    prepare_launcher(cfg)
    if args.launcher != 'none' and not is_distributed():
        init_dist(args.launcher, **cfg.env_cfg.dist_cfg)
    set_random_seed(0)
    try:
        model = load_encoder(cfg, args.checkpoint, get_device())
    except ValueError as error:   # what was given does not fit; a traceback would hide why
        raise SystemExit(f'extract_features: {error}') from error
    if get_rank() == 0:
        claim_folder(args.out, describe(cfg, model, args.dtype))
    barrier()
    for subset in args.subset:   # no barrier after it: a rank that is done need not wait
        extract(cfg, model, args, subset)


if __name__ == '__main__':
    main()
