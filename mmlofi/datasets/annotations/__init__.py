"""Annotation files, a module a format, and what is known of the usual data sets."""
from mmlofi.datasets.annotations.reading import (
    load_annotations,
    load_class_names,
    load_video_names,
    of_subsets,
    read_entries,
    read_records,
)
from mmlofi.datasets.annotations.records import (
    REFUSED,
    Fault,
    VideoRecord,
    alike,
    class_names,
    segment_fault,
    segments_after,
    tolerance_sec,
)

__all__ = ['REFUSED', 'Fault', 'VideoRecord', 'alike', 'class_names', 'load_annotations',
           'load_class_names', 'load_video_names', 'of_subsets', 'read_entries', 'read_records',
           'segment_fault', 'segments_after', 'tolerance_sec']
