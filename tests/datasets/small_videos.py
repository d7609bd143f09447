"""Three small annotated videos and their features, and datasets of them."""
from __future__ import annotations

import json

from mmlofi.datasets import UntrimmedVideoDataset

FRAMES = [dict(type='OpenVideo', short_side=64),
          dict(type='SampleSnippets', num_snippets=8, clip_len=2, frame_interval=2),
          dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
          dict(type='PackTALInputs')]
FEATURES = [dict(type='LoadSnippetFeatures', num_snippets=8, feat_dim=4),
            dict(type='PackTALInputs')]


def action(start, end, label='run'):
    return dict(segment=[start, end], label=label)


VIDEOS = {   # of 10 s each
    'a': dict(subset='training', duration=10, annotations=[action(2, 5)]),
    'b': dict(subset='training', duration=10, annotations=[]),
    'c': dict(subset='validation', duration=10,
              annotations=[action(0, 10, 'jump'), action(3, 3)])}


def write_annotations(folder, videos):
    (folder / 'gt.json').write_text(json.dumps(dict(database=videos)))


def dataset(folder, source='video', *, subset='training', pipeline=None, **settings):
    settings.setdefault('data_prefix', {source: f'{source}s'})
    return UntrimmedVideoDataset(
        'gt.json', data_root=str(folder), subset=subset,
        pipeline=(FRAMES if source == 'video' else FEATURES) if pipeline is None else pipeline,
        **settings)
