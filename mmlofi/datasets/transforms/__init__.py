"""Transforms of the LoFi pipeline; spatial transforms are MMAction2's own."""
from .at_fidelity import AtFidelity
from .decode import DecodeSnippets
from .features import LoadSnippetFeatures, save_features
from .open_frames import FrameFolder, OpenFrames
from .open_video import OpenVideo
from .pack import PackTALInputs
from .snippets import SampleSnippets
from .trim import TrimToSegment

__all__ = ['AtFidelity', 'DecodeSnippets', 'FrameFolder', 'LoadSnippetFeatures', 'OpenFrames',
           'OpenVideo', 'PackTALInputs', 'SampleSnippets', 'TrimToSegment', 'save_features']
