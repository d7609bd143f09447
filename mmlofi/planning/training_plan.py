"""What a training will do, read from its config: its steps, fidelities and sizes.

No video is opened, and neither data set nor model is built.
"""
from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mmaction.registry import HOOKS, TRANSFORMS
from mmengine.config import Config

from mmlofi.datasets import FidelityBatchSampler, load_annotations
from mmlofi.datasets.sampler import Batch
from mmlofi.fidelity import Fidelity
from mmlofi.visualization.schedule_plot import Run

PIXEL_ARGUMENTS = ('size', 'crop_size', 'scale', 'input_size')   # of MMAction2's transforms


@dataclass(frozen=True)
class Source:
    """What the training pipeline gives at full fidelity, and how its side follows a fidelity."""

    num_snippets: int
    clip_len: int | None = None  # frames of a snippet; None: of features
    side: int | None = None      # None: of features, or as the files have it
    divisor: int | None = None   # None: the side is the same at every fidelity

    def side_at(self, fidelity: Fidelity) -> int | None:
        if self.side is None or self.divisor is None:
            return self.side
        return fidelity.reduce_side(self.side, self.divisor)

    def share_at(self, fidelity: Fidelity) -> float:
        """Pixels (of features, snippets) of a video relative to full fidelity, as rounded."""
        snippets = fidelity.reduce_snippets(self.num_snippets) / self.num_snippets
        return snippets if self.side is None else snippets * (
            self.side_at(fidelity) / self.side)**2


def leaves(dataset: dict) -> Iterator[tuple[int, dict]]:
    """The data sets that a config's wrappers hold, each with how often an epoch repeats it."""
    if dataset['type'] == 'RepeatDataset':
        yield from ((dataset['times'] * times, leaf) for times, leaf in leaves(dataset['dataset']))
    elif dataset['type'] == 'ConcatDataset':
        for part in dataset['datasets']:
            yield from leaves(part)
    elif 'pipeline' in dataset:
        yield 1, dataset
    else:
        raise ValueError(f'the training data set is in a {dataset["type"]}; expected '
                         'UntrimmedVideoDataset, alone or in RepeatDataset or ConcatDataset')


def read_source(pipeline: Sequence[dict]) -> Source:
    """Snippets, and the side after the last transform with a size in pixels."""
    kinds = ('SampleSnippets', 'LoadSnippetFeatures')
    samplers = [step for step in pipeline if step['type'] in kinds]
    if not samplers:
        raise ValueError('the training pipeline has no SampleSnippets or LoadSnippetFeatures in '
                         f'{[step["type"] for step in pipeline]}; expected one, which says how '
                         'many snippets a video has: give a config of stage 2 or 3')
    sampler = TRANSFORMS.build(samplers[-1])
    padded = [step['max_seq_len'] for step in pipeline if step['type'] == 'PadFeatures']
    thinned = sampler.num_snippets
    for step in pipeline if thinned else ():
        if step['type'] == 'DownsampleFeatures':
            thinned = -(-thinned // step['rate'])
    sizes = (*padded, thinned)[0], getattr(sampler, 'clip_len', None)
    if sizes[0] is None:
        raise ValueError('the training pipeline takes as many features as each video has; expected '
                         'a number, for a batch of them: put PadFeatures(max_seq_len=…) after '
                         'LoadSnippetFeatures')
    for step in reversed(pipeline):
        side, divisor = side_of(step)
        if side is not None:
            return Source(*sizes, side, divisor)
    return Source(*sizes)


def side_of(step: dict) -> tuple[int | None, int | None]:
    """A transform's side at full fidelity, and its divisor if the side follows the fidelity."""
    if step['type'] == 'OpenVideo':
        opener = TRANSFORMS.build(step)
        return opener.short_side, opener.divisor
    wrapper = TRANSFORMS.build(step) if step['type'] == 'AtFidelity' else None
    arguments = wrapper.transform_cfg if wrapper else step
    for name in wrapper.sizes if wrapper else PIXEL_ARGUMENTS:
        size = arguments.get(name)
        pixels = [item for item in (size if isinstance(size, (tuple, list)) else [size])
                  if isinstance(item, int) and item > 0]
        if pixels:
            return min(pixels), wrapper and wrapper.divisor
    return None, None


def count_videos(leaf: dict) -> int:
    """Videos of a data set by its annotation file."""
    path = os.path.join(leaf.get('data_root') or '', leaf['ann_file'])
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no annotation file at {path!r} to count the videos in; expected '
                                'one, or their number: give --num-videos N')
    videos, chosen = len(load_annotations(path, leaf['subset'])), leaf.get('indices')
    if chosen is None:
        return videos
    return min(videos, abs(chosen)) if isinstance(chosen, int) else len(chosen)   # as MMEngine does


def build_sampler(cfg: Config, num_videos: int, gpus: int) -> FidelityBatchSampler:
    """The batch sampler of a rank, with the schedule that `LoFiCycleHook` would give it."""
    loader = cfg.train_dataloader
    kind = loader.get('sampler', {}).get('type')
    if kind != 'DefaultSampler':
        raise ValueError(f'train_dataloader.sampler is {kind!r}; expected DefaultSampler, whose '
                         'share of the videos for each GPU is known here')
    hooks = [HOOKS.build({key: value for key, value in hook.items() if key != 'priority'})
             for hook in cfg.get('custom_hooks') or [] if hook['type'] == 'LoFiCycleHook']
    without = {} if hooks else dict(type='FidelityBatchSampler',   # equals MMEngine's own then
                                    drop_last=loader.get('drop_last', False))
    settings = dict(loader.get('batch_sampler') or without)
    kind = settings.pop('type', None)
    if kind != 'FidelityBatchSampler':
        raise ValueError(f'train_dataloader.batch_sampler is {kind!r}; expected a '
                         "FidelityBatchSampler: set it to dict(type='FidelityBatchSampler')")
    share = range(math.ceil(num_videos / gpus))   # DefaultSampler rounds up
    sampler = FidelityBatchSampler(share, loader.batch_size, **settings)
    sampler.refuse_own_schedule()
    for hook in hooks:
        counts = cfg.optim_wrapper.get('accumulative_counts', 1)
        sampler.set_schedule(hook.schedule, counts if hook.share_update else 1)
    return sampler


@dataclass(frozen=True)
class Plan:
    """A training by epochs."""

    sampler: FidelityBatchSampler
    source: Source
    num_videos: int
    gpus: int
    max_epochs: int

    def epochs(self) -> list[list[Batch]]:
        return [self.sampler.batches(epoch) for epoch in range(self.max_epochs)]

    def left_out(self) -> list[int]:
        """Videos that each epoch drops, at the least: ranks may share some, as padding."""
        return [max(0, self.num_videos - self.gpus * sum(batch.videos for batch in epoch))
                for epoch in self.epochs()]

    def runs(self) -> list[Run]:
        """The training, cut where the fidelity or the phase changes."""
        steps = [(self.sampler.schedule.cycle_of(number)[1], number + 1, batch)
                 for number, epoch in enumerate(self.epochs()) for batch in epoch]
        runs, done = [], 0
        for (phase, fidelity), group in groupby(steps, lambda step: (step[0], step[2].fidelity)):
            _, epochs, batches = zip(*group)
            runs.append(Run(
                fidelity, phase, (epochs[0], epochs[-1]), (done + 1, done + len(batches)),
                tuple(self.gpus * batch.videos for batch in batches),
                fidelity.reduce_snippets(self.source.num_snippets), self.source.side_at(fidelity),
                self.source.share_at(fidelity)))
            done += len(batches)
        return runs


def make_plan(cfg: Config, num_videos: int | None, gpus: int) -> Plan:
    """Reads the config; `num_videos` replaces those of its annotation files."""
    max_epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    if cfg.get('train_dataloader') is None or max_epochs is None:
        raise ValueError(f'{cfg.filename} has no train_dataloader or no train_cfg.max_epochs; '
                         'expected a training by epochs: give a config of stage 2 or 3')
    parts = list(leaves(cfg.train_dataloader.dataset))
    sources = {read_source(leaf['pipeline']) for _, leaf in parts}
    if len(sources) > 1:
        raise ValueError(f'parts of the training data set differ: {sorted(map(str, sources))}; '
                         'expected one cost of a video: give them the same snippets and side')
    num_videos = num_videos or sum(times * count_videos(leaf) for times, leaf in parts)
    return Plan(build_sampler(cfg, num_videos, gpus), sources.pop(), num_videos, gpus, max_epochs)
