"""Encoder, heads and the end-to-end localizer."""
from .encoders.encoder import SnippetEncoder
from .encoders.tsp_resnet import TSPResNet2Plus1d
from .heads.bmn import BMNHead
from .heads.class_scores import ClassScoreFile, VideoClassifier
from .heads.gtad import GTADHead
from .heads.one_stage import ActionFormerHead, TriDetHead
from .heads.segment_classifier import SegmentClassifier
from .localizer import EndToEndLocalizer

__all__ = ['ActionFormerHead', 'BMNHead', 'ClassScoreFile', 'EndToEndLocalizer', 'GTADHead',
           'SegmentClassifier', 'SnippetEncoder', 'TSPResNet2Plus1d', 'TriDetHead',
           'VideoClassifier']
