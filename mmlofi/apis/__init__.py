"""Trained localizers in use."""
from .inferencer import TALInferencer
from .load import load_encoder

__all__ = ['TALInferencer', 'load_encoder']
