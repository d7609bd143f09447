"""Trained localizers in use."""
from mmlofi.lazy_names import lazy_names

__all__ = ['TALInferencer', 'load_encoder']

__getattr__ = lazy_names(__name__, dict(
    TALInferencer='mmlofi.apis.inferencer', load_encoder='mmlofi.apis.load'))
