"""Encoder, heads and the end-to-end localizer."""
from .bmn import BMNHead
from .class_scores import ClassScoreFile, VideoClassifier
from .encoders.encoder import SnippetEncoder
from .gtad import GTADHead
from .localizer import EndToEndLocalizer

__all__ = ['BMNHead', 'ClassScoreFile', 'EndToEndLocalizer', 'GTADHead', 'SnippetEncoder',
           'VideoClassifier']
