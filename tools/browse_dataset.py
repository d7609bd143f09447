"""Draws what the pipeline feeds the model: a contact sheet a video, one strip for each fidelity.

Below the frames lies the ground truth, cut and labelled as the model gets it. Fidelities are those
of the config's schedule. Where the files of a large data set need not all be looked for, add
--cfg-options train_dataloader.dataset.check_files=False.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
from collections.abc import Iterator, Sequence

from mmlofi.arguments import add_cfg_options, merge_cfg_options
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file of stage 2')
    parser.add_argument('--out', required=True, help='folder for the pictures')
    parser.add_argument('--num', type=int, default=4, help='videos shown, the first; default 4')
    parser.add_argument('--videos', nargs='+', metavar='NAME', help='these videos instead')
    parser.add_argument('--split', choices=['train', 'test'], default='train',
                        help='whose data set and pipeline; default train')
    parser.add_argument('--full', action='store_true', help='full fidelity as well')
    parser.add_argument('--seed', type=int, default=0, help='of augmentation; default 0')
    add_cfg_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args)

import numpy as np
from mmaction.registry import DATASETS, HOOKS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.fidelity import FULL, Fidelity
from mmlofi.files import path_in
from mmlofi.schedule import FidelitySchedule
from mmlofi.visualization.contact_sheet import Strip, plot_contact_sheet


def fidelities_of(cfg: Config, full: bool) -> list[Fidelity]:
    """Those of the config's schedule, each once; full fidelity where it has none."""
    hooks = [HOOKS.build({key: value for key, value in hook.items() if key != 'priority'})
             for hook in cfg.get('custom_hooks') or [] if hook['type'] == 'LoFiCycleHook']
    schedule = hooks[0].schedule if hooks else FidelitySchedule()
    known = any((one.temporal, one.spatial) == (1, 1) for one in schedule.fidelities)
    return [*schedule.fidelities, *[FULL] * (full and not known)]


def pipelines_in(dataset: dict) -> Iterator[Sequence[dict]]:
    """The pipelines of a config's data set, those inside wrappers too."""
    if 'pipeline' in dataset:
        yield dataset['pipeline']
    inner = dataset.get('dataset')
    for part in dataset.get('datasets') or ([inner] if inner else []):
        yield from pipelines_in(part)


def build_dataset(cfg: Config, split: str) -> BaseDataset:
    """The split's data set.

    Raises:
        ValueError: When there is none, or it gives no frames of untrimmed videos.
    """
    loader = cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ValueError(f'{cfg.filename} has no {split}_dataloader; expected one with a data set '
                         'of videos: choose another --split or config')
    for pipeline in pipelines_in(loader['dataset']):
        kinds = [step['type'] for step in pipeline]
        if 'LoadSnippetFeatures' in kinds:
            raise ValueError(f'{cfg.filename} reads stored features, which have no frames to show; '
                             'expected a data set of videos: give a config of stage 2')
        if 'PackTALInputs' not in kinds:
            raise ValueError(f'the {split} pipeline of {cfg.filename} is {kinds}; expected one '
                             'that ends with PackTALInputs: give a config of stage 2')
    return DATASETS.build(loader['dataset'])


def choose(dataset: BaseDataset, names: Sequence[str] | None, num: int) -> dict[str, int]:
    """The numbers of the videos by name, or of their first windows: those asked for, or `num`."""
    if names is None and num < 1:
        raise ValueError(f'--num is {num}; expected at least 1 video to show')
    numbers: dict[str, int] = {}
    for index in range(len(dataset)):
        numbers.setdefault(dataset.get_data_info(index)['video_name'], index)
    if names is None:
        return dict(list(numbers.items())[:num])
    unknown = [name for name in names if name not in numbers]
    if unknown:
        raise ValueError(f'no video is called {unknown[:5]} among the {len(numbers)} of the data '
                         f'set; expected names such as {list(numbers)[:3]}: they stand in its '
                         'annotation file')
    return {name: numbers[name] for name in names}


def make_strip(dataset: BaseDataset, name: str, index: SampleIndex) -> Strip:
    """One sample; a `ValueError` where the pipeline took another video in place of a bad one."""
    sample = dataset[index]
    truth = sample['data_samples']
    if truth.video_name != name:
        reasons = dict(truth.replaced)
        raise ValueError(f'video {name!r} fails in the pipeline ({reasons.get(name)}), and '
                         'training takes another one in its place; expected a readable video: '
                         'mend the file or the pipeline, or name others by --videos')
    start, end = (share * truth.duration_sec for share in truth.window_norm)
    classes = dataset.metainfo['classes']
    return Strip(index.fidelity, np.asarray(sample['inputs']),
                 truth.gt_instances.segments.numpy().astype(float),
                 tuple(classes[label] for label in truth.gt_instances.labels), (start, end))


def draw_sheets(dataset: BaseDataset, chosen: dict[str, int], fidelities: Sequence[Fidelity],
                seed: int, folder: str) -> None:
    """One picture a video; the same seed at all fidelities, so that crops and flips are equal."""
    progress = ProgressBar(len(chosen), file=sys.stderr)
    try:
        for name, number in chosen.items():
            strips = [make_strip(dataset, name, SampleIndex(number, fidelity, seed))
                      for fidelity in fidelities]
            plot_contact_sheet(strips, path_in(folder, name, '{}.png'), title=name,
                               classes=dataset.metainfo['classes'])
            progress.update()
    finally:
        print(file=sys.stderr)   # ends the progress bar's line


def main() -> None:
    args = parse_args()
    try:
        cfg = Config.fromfile(args.config)
        merge_cfg_options(cfg, args.cfg_options)
        init_default_scope('mmaction')
        fidelities = fidelities_of(cfg, args.full)
        dataset = build_dataset(cfg, args.split)
        chosen = choose(dataset, args.videos, args.num)
        draw_sheets(dataset, chosen, fidelities, args.seed, args.out)
    except (OSError, ValueError) as error:
        sys.exit(f'browse_dataset: {error}')
    print(f'{len(chosen)} pictures in {args.out}: {", ".join(chosen)}')


if __name__ == '__main__':
    main()
