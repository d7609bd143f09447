"""Transforms of the LoFi pipeline; spatial transforms are MMAction2's own."""
from .append import AppendFeatures
from .at_fidelity import AtFidelity
from .clean_segments import CleanSegments
from .decode import DecodeSnippets
from .downsample import DownsampleFeatures
from .features import LoadSnippetFeatures, save_features
from .open_frames import FrameFolder, OpenFrames
from .open_video import OpenVideo
from .pack import PackTALInputs
from .pad import PadFeatures
from .snippets import SampleSnippets
from .trim import TrimToSegment
from .truncate import RandomTruncation

__all__ = ['AppendFeatures', 'AtFidelity', 'CleanSegments', 'DecodeSnippets', 'DownsampleFeatures',
           'FrameFolder', 'LoadSnippetFeatures', 'OpenFrames', 'OpenVideo', 'PackTALInputs',
           'PadFeatures', 'RandomTruncation', 'SampleSnippets', 'TrimToSegment', 'save_features']
