"""Annotation files, a module a format, and how many videos the usual data sets have."""
from mmlofi.datasets.annotations.activitynet import (
    VideoRecord,
    class_names,
    load_annotations,
    load_class_names,
    load_video_names,
    read_records,
    segment_fault,
    segments_after,
    tolerance_sec,
)

__all__ = ['VideoRecord', 'class_names', 'load_annotations', 'load_class_names',
           'load_video_names', 'read_records', 'segment_fault', 'segments_after', 'tolerance_sec']
