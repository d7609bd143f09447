"""What a check of a data set reads, by the config that will train on it."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mmengine.config import Config

from mmlofi.arguments import merge_cfg_options
from mmlofi.datasets.checks.video_check import Source
from mmlofi.datasets.videos.find_files import default_template

DATASET_TYPES = ('UntrimmedVideoDataset', 'SegmentDataset', 'TSPDataset')


def load_config(path: str, options: dict | None) -> Config:
    """The config, with what `--cfg-options` says.

    Raises:
        FileNotFoundError: When there is none.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no config at {path!r}; expected a file, or --ann and --videos')
    cfg = Config.fromfile(path)
    merge_cfg_options(cfg, options)
    return cfg


def datasets_of(cfg: Config) -> Iterator[tuple[str, dict]]:
    """The data sets that a check knows, with the names of their loaders, training first."""
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset') or {}
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        if dataset.get('type') in DATASET_TYPES:
            yield name, dataset


def read_config(cfg: Config) -> list[Source]:
    """What the data loaders of a config read, each once, training first.

    Raises:
        ValueError: When it reads no data set of untrimmed videos, or folders of pictures without
            the transform that opens them.
    """
    sources = []
    for name, dataset in datasets_of(cfg):
        (kind, folder), = dataset['data_prefix'].items()
        pipeline = dataset.get('pipeline') or ()
        opener = _settings_of('OpenFrames', pipeline) if kind == 'img' else None
        if kind == 'img' and opener is None:
            raise ValueError(f'{cfg.filename} reads folders of pictures without a transform that '
                             'opens them; expected OpenFrames in the pipeline: set it in place of '
                             'OpenVideo')
        root, subset = dataset.get('data_root') or '', dataset['subset']
        classes = (dataset.get('metainfo') or {}).get('classes')
        ignore = dataset.get('ignore_classes')
        sources.append(Source(
            os.path.join(root, dataset['ann_file']),
            (subset,) if isinstance(subset, str) else tuple(subset), os.path.join(root, folder),
            dataset.get('filename_tmpl') or default_template(kind, os.path.join(root, folder)),
            kind == 'feature', None if classes is None else tuple(classes),
            _settings_of('LoadSnippetFeatures', pipeline), dataset.get('window') is not None,
            ignore if ignore is None else tuple(ignore), _reader_of(pipeline), opener,
            training=name == 'train_dataloader'))
        sources[-1] = replace(sources[-1], appended=_appended(sources[-1], pipeline))
    if not sources:
        raise ValueError(f'{cfg.filename} has no {" or ".join(DATASET_TYPES)} in its data loaders; '
                         'expected a config of stage 2 or 3, of ACP+ or TSP, or --ann and --videos')
    return list(dict.fromkeys(sources))


def _appended(first: Source, pipeline: Sequence[dict]) -> tuple[Source, ...]:
    """The further folders whose features are put beside those of the first."""
    sources = []
    for step in pipeline:
        if step['type'] == 'AppendFeatures':
            settings = {key: value for key, value in step.items()
                        if key not in ('type', 'folder', 'filename_tmpl')}
            sources.append(replace(
                first, folder=step['folder'], loader=json.dumps(settings),
                filename_tmpl=step.get('filename_tmpl') or default_template('feature',
                                                                            step['folder'])))
    return tuple(sources)


def _settings_of(transform: str, pipeline: Sequence[dict]) -> str | None:
    """Json of the settings of the transform of that name, if there is one."""
    return next((json.dumps({key: value for key, value in step.items() if key != 'type'})
                 for step in pipeline if step['type'] == transform), None)


def _reader_of(pipeline: Sequence[dict]) -> str | None:
    """The reader that the transform which opens videos names, if it does."""
    return next((step.get('reader') for step in pipeline if step['type'] == 'OpenVideo'), None)
