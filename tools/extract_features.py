"""Writes full-fidelity snippet features, one npz file a video, for training a head on them.

The config is one with a backbone and a test_dataloader of videos (stage 2); the checkpoint is that
of stage 2 (LoFi) or of a recognizer with the same backbone (ACP), by path or URL; without one, the
weights are those that model.backbone names by `pretrained` or `init_cfg` (ICP). Complete files are
kept, and of long videos what is encoded, so that an interrupted run continues. Under torchrun each
process takes a share of the videos that costs as much as another's. Each file says how it was made,
and stage 3 checks it: docs/features.md. Videos that fail stop no others; they are named at the end,
and the exit status is 1.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import hashlib
import json
import os
import os.path as osp
import sys

from mmlofi.arguments import add_cfg_options, merge_cfg_options
from mmlofi.datasets.chunk_size import CHUNK_SNIPPETS
from mmlofi.starting import start

DTYPES = dict(fp32='float32', fp16='float16')


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
    parser.add_argument('--dtype', choices=[*DTYPES, *DTYPES.values()], default='fp32',
                        help='of the stored features, default %(default)s; fp16 is half the size')
    add_cfg_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    args.dtype = DTYPES.get(args.dtype, args.dtype)
    return args


if __name__ == '__main__':
    start(parse_args)

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import (
    all_gather_object,
    barrier,
    get_rank,
    init_dist,
    is_distributed,
)
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmengine.utils import ProgressBar
from torch.utils.data import DataLoader

from mmlofi.apis import load_encoder
from mmlofi.datasets.features.feature_files import save_features
from mmlofi.datasets.features.feature_header import (
    FOLDER_HEADER,
    changed_settings,
    header_of,
    read_folder,
    snippet_settings,
    write_folder,
)
from mmlofi.datasets.features.shares import share_of_missing
from mmlofi.datasets.features.unfinished import UnfinishedFeatures
from mmlofi.datasets.streaming import FailedVideo, SnippetChunk, SnippetStream
from mmlofi.datasets.untrimmed import UntrimmedVideoDataset
from mmlofi.engine.launch import prepare_launcher
from mmlofi.files import CannotWrite, path_in
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders.dense import NoSteps, refuse_gaps
from mmlofi.models.encoders.frozen_base import hash_weights
from mmlofi.models.encoders.libraries.normalization import normalization_of
from mmlofi.models.encoders.streaming import as_stored, encode_chunk, encode_videos

WAIT_SEC = 7 * 24 * 3600   # for the slowest process, at the end
TRIED = 10   # videos that fail, before the config is taken for what is wrong


def claim_folder(out: str, header: dict) -> None:
    """Writes what the features are beside them; refuses a folder of other ones."""
    found = read_folder(out)
    if found is not None:
        changed = changed_settings(found, header)
        if changed:
            raise SystemExit(f'{out} holds features made with other settings ({changed} differ); '
                             'expected an empty folder or the same settings: give another --out, '
                             'or delete this one')
    else:
        if osp.isdir(out) and any(name.endswith('.npz') for name in os.listdir(out)):
            raise SystemExit(f'{out} holds npz files, and no {FOLDER_HEADER} that says what they '
                             'are; expected an empty folder, or one that this tool made')
        write_folder(out, header)


def describe(cfg: Config, model: EndToEndLocalizer, videos: UntrimmedVideoDataset,
             dtype: str) -> dict:
    """What the stored features depend on: the weights, wherever they came from, and settings."""
    dataset = cfg.test_dataloader.dataset
    plain = {key: dataset.get(key)
             for key in ('data_root', 'data_prefix', 'filename_tmpl', 'pipeline')}
    plain |= {key: cfg.model.get(key) for key in ('backbone', 'data_preprocessor')}
    normalization = normalization_of(model.backbone)
    if plain['data_preprocessor'] is None and normalization is not None:   # a library's own
        plain['data_preprocessor'] = normalization.preprocessor()
    plain['encoder'] = dict(input_format=model.encoder.input_format)   # others change no feature
    adapters = model.encoder.adapters
    if adapters is not None:
        plain['encoder']['adapters'] = cfg.model.encoder.adapters
    if model.encoder.dense:
        plain['encoder'] |= dict(dense=True, resample=model.encoder.resample)
    # Sides and channels are those of a snippet that was encoded, whatever the transforms are.
    chunk = first_snippet(videos)
    if model.encoder.dense:
        refuse_gaps([chunk.data_sample])
    with torch.no_grad():
        feat_dim, steps = encode_chunk(model, chunk).shape     # of one snippet
    return dict(backbone_sha256=hash_weights(
        model.backbone.state_dict(), adapters.feature_settings if adapters else ''),
                **snippet_settings(videos.pipeline.transforms,
                                   positions=steps * model.encoder.resample),
                side=min(chunk.inputs.shape[-2:]), first_snippet=digest(chunk),
                feat_dim=feat_dim, dtype=dtype, **json.loads(json.dumps(plain, default=str)))


def digest(chunk: SnippetChunk) -> str:
    """Of whose frames, in short: the same data gives the same, wherever it lies."""
    return f'{chunk.video} {hashlib.sha256(chunk.inputs.numpy().tobytes()).hexdigest()[:16]}'


def first_snippet(videos: UntrimmedVideoDataset) -> SnippetChunk:
    """Of the first video that gives one."""
    failed: list[FailedVideo] = []
    for chunk in SnippetStream(videos, range(min(len(videos), TRIED)), 1, cores=1):
        if isinstance(chunk, SnippetChunk):
            return chunk
        failed.append(chunk)
    raise SystemExit(f'extract_features: {failed[0].reason}')


def whole_videos(dataset: dict, subset: str) -> UntrimmedVideoDataset:
    """A data set of whole videos: stage 3 cuts windows from what is stored."""
    return DATASETS.build(dict(dataset, subset=subset, test_mode=True) | (
        {'window': None} if 'window' in dataset else {}))


def stored_as(features: torch.Tensor, dtype: str, video: str) -> np.ndarray:
    """An array of that type; stops for what is not finite, or not in it."""
    array, largest = features.cpu().numpy(), np.finfo(dtype).max
    if not np.isfinite(array).all():
        raise SystemExit(f'extract_features: {video} has features that are not finite; expected '
                         'numbers: the encoder has diverged, give a checkpoint from before')
    if np.abs(array).max() > largest:
        raise SystemExit(f'extract_features: a feature of {np.abs(array).max():.3g} of {video} '
                         f'does not fit into {dtype}, whose largest number is {largest:g}; '
                         'expected smaller ones: give --dtype fp32')
    return array.astype(dtype)


def extract(cfg: Config, model: EndToEndLocalizer, args: argparse.Namespace,
            dataset: UntrimmedVideoDataset, todo: list[int], header: dict) -> list[FailedVideo]:
    """The features of some videos; what a run before this one has encoded of them is taken up."""
    failed: list[FailedVideo] = []
    if not todo:
        return failed
    infos = {index: dataset.get_data_info(index) for index in todo}
    files = {info['video_name']: info['filename'] for info in infos.values()}
    parts = UnfinishedFeatures(args.out, header)
    begun, steps_before = {}, {}
    if not model.encoder.mixes_snippets:   # which takes all of a video at once
        for index, info in infos.items():
            name = info['video_name']
            begun[index], steps_before[name] = parts.begin(name, info['filename'])
            if begun[index]:
                print(f'{name} goes on at snippet {begun[index] + 1}', flush=True)
    chunks = DataLoader(SnippetStream(dataset, todo, args.chunk_snippets, begun), batch_size=None,
                        num_workers=min(cfg.test_dataloader.num_workers, len(todo)))
    progress = ProgressBar(len(todo)) if get_rank() == 0 else None

    def end(video: str) -> None:
        parts.drop(video)
        if progress is not None:
            progress.update()

    def note(failure: FailedVideo) -> None:
        failed.append(failure)
        print(f'\n{failure.reason.splitlines()[0]}', file=sys.stderr, flush=True)
        end(failure.video)

    def keep(chunk: SnippetChunk, steps: torch.Tensor) -> None:
        parts.keep(chunk.video, files[chunk.video], chunk.end, steps)

    for sample, steps in encode_videos(model, chunks, note, keep, steps_before):
        name = sample.video_name
        features, covered_sec = as_stored(model, sample, steps)
        save_features(path_in(args.out, name, '{}.npz'), stored_as(features, args.dtype, name),
                      sample.duration_sec, header, covered_sec)
        end(name)
    if progress is not None:
        print()
    return failed


def stop_if_failed(mine: list[FailedVideo]) -> None:
    """Exits with the failed videos of all processes, once the first of them has said so."""
    names = [one.video for failed in all_gather_object(mine) for one in failed]
    if names:
        if get_rank() == 0:
            print(f'extract_features: {len(names)} videos failed, the first: {sorted(names)[:3]}; '
                  'expected videos of which every frame can be decoded: get them again and run '
                  'the same command, or drop them from the annotations', file=sys.stderr)
        barrier()   # torchrun ends the others as soon as one of them exits
        raise SystemExit(1)


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    merge_cfg_options(cfg, args.cfg_options)
    init_default_scope('mmaction')
    cfg.launcher = args.launcher
    if args.launcher != 'none':
        cfg.merge_from_dict({'env_cfg.dist_cfg': dict(
            dict(timeout=WAIT_SEC), **cfg.env_cfg.get('dist_cfg', {}))})
    prepare_launcher(cfg)
    if args.launcher != 'none' and not is_distributed():
        init_dist(args.launcher, **cfg.env_cfg.dist_cfg)
    set_random_seed(0)
    try:
        model = load_encoder(cfg, args.checkpoint, get_device())
    except ValueError as error:   # what was given does not fit; a traceback would hide why
        raise SystemExit(f'extract_features: {error}') from error
    subsets = {subset: whole_videos(cfg.test_dataloader.dataset, subset) for subset in args.subset}
    try:
        if get_rank() == 0:
            claim_folder(args.out, describe(cfg, model, next(iter(subsets.values())), args.dtype))
        barrier()
        header = header_of(read_folder(args.out))
        todo = share_of_missing(args.out, subsets, header)
        failed = [one for subset, dataset in subsets.items()
                  for one in extract(cfg, model, args, dataset, todo[subset], header)]
    except (CannotWrite, NoSteps) as error:
        raise SystemExit(f'extract_features: {error}') from error
    stop_if_failed(failed)


if __name__ == '__main__':
    main()
