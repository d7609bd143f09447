"""Scoring: detection mAP, recall, diagnosis, and the Runner's metric.

The function `detection_map` is imported from the module of the same name.
"""
from mmlofi.evaluation.metric import TALMetric

__all__ = ['TALMetric']
