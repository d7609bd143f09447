"""Untrimmed videos: annotations, dataset, fidelity sampler and transforms."""
from mmlofi.lazy_names import lazy_names

from .annotations import VideoRecord, class_names, load_annotations
from .sample_index import SampleIndex

__all__ = ['FidelityBatchSampler', 'SampleIndex', 'SegmentDataset',
           'UntrimmedVideoDataset', 'VideoRecord', 'class_names', 'load_annotations']

__getattr__ = lazy_names(__name__, dict(
    FidelityBatchSampler='mmlofi.datasets.sampler', SegmentDataset='mmlofi.datasets.segments',
    UntrimmedVideoDataset='mmlofi.datasets.untrimmed'))
