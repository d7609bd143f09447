"""Encoder, heads and the end-to-end localizer."""
from .class_scores import ClassScoreFile, VideoClassifier
from .encoder import SnippetEncoder
from .gtad import GTADHead
from .localizer import EndToEndLocalizer

__all__ = ['ClassScoreFile', 'EndToEndLocalizer', 'GTADHead', 'SnippetEncoder', 'VideoClassifier']
