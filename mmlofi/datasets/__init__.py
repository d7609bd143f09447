"""Untrimmed videos: annotations, dataset, fidelity sampler and transforms."""
from . import transforms
from .annotations import VideoRecord, class_names, load_annotations
from .sample_index import SampleIndex
from .sampler import FidelityBatchSampler
from .segments import SegmentDataset
from .untrimmed import UntrimmedVideoDataset

__all__ = ['FidelityBatchSampler', 'SampleIndex', 'SegmentDataset',
           'UntrimmedVideoDataset', 'VideoRecord', 'class_names', 'load_annotations', 'transforms']
