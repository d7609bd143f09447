"""Between a head and a score: proposals, soft-NMS, windows joined, detections and their json.

The function `soft_nms` is imported from the module of the same name.
"""
from mmlofi.detections.predictions import Detections, load_detections, save_detections

__all__ = ['Detections', 'load_detections', 'save_detections']
