"""Pre-training of encoders on clips, as stage 1 or after it: TSP, playback, BSP's idea."""
from .background import background_segments
from .black_borders import CropBlackBorders
from .clips import ClipInSegment
from .dataset import TSPDataset
from .frames import CropCentre, ResizeWholeFrame
from .gvf import VideoFeatures
from .head import TSPHead
from .metric import TSPMetric
from .playback import PlaybackRate
from .playback_dataset import PlaybackDataset
from .published import TSPCheckpointHook, with_own_names
from .regular_clips import RegularClips
from .seeded_sampler import SeededSampler
from .stitch import StitchBoundary
from .stitch_dataset import StitchDataset
from .warm_up import WarmUpLR

__all__ = ['ClipInSegment', 'CropBlackBorders', 'CropCentre', 'PlaybackDataset', 'PlaybackRate',
           'RegularClips', 'ResizeWholeFrame', 'SeededSampler', 'StitchBoundary', 'StitchDataset',
           'TSPCheckpointHook', 'TSPDataset', 'TSPHead', 'TSPMetric', 'VideoFeatures',
           'WarmUpLR', 'background_segments', 'with_own_names']
