"""Encoder, heads and the end-to-end localizer."""
from .encoders.encoder import SnippetEncoder
from .heads.bmn import BMNHead
from .heads.class_scores import ClassScoreFile, VideoClassifier
from .heads.gtad import GTADHead
from .heads.segment_classifier import SegmentClassifier
from .localizer import EndToEndLocalizer

__all__ = ['BMNHead', 'ClassScoreFile', 'EndToEndLocalizer', 'GTADHead', 'SegmentClassifier',
           'SnippetEncoder', 'VideoClassifier']
