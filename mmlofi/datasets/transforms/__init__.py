"""Transforms of the LoFi pipeline; frame sizes and decoding are MMAction2's own."""
from .at_fidelity import AtFidelity
from .features import LoadSnippetFeatures, save_features
from .open_video import OpenVideo
from .pack import PackTALInputs
from .snippets import SampleSnippets

__all__ = ['AtFidelity', 'LoadSnippetFeatures', 'OpenVideo', 'PackTALInputs', 'SampleSnippets',
           'save_features']
