"""Scoring: detection mAP, recall, diagnosis, and the Runner's metric.

The function `detection_map` is imported from the module of the same name.
"""
from mmlofi.lazy_names import lazy_names

__all__ = ['TALMetric']

__getattr__ = lazy_names(__name__, dict(TALMetric='mmlofi.evaluation.metric'))
