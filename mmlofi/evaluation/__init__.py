"""Scoring: detection mAP, soft-NMS, the json of predictions, and the Runner's metric.

The functions `detection_map` and `soft_nms` are imported from the modules of the same name.
"""
from mmlofi.evaluation.metric import TALMetric
from mmlofi.evaluation.predictions import Detections, load_detections, save_detections

__all__ = ['Detections', 'TALMetric', 'load_detections', 'save_detections']
