"""A generator of untrimmed videos whose scene tells the class and whose motion tells the time."""
from .benchmark import Benchmark, ProceduralVideo, clips, untrimmed_videos
from .generate import generate
from .oracle import oracle_features

__all__ = ['Benchmark', 'ProceduralVideo', 'clips', 'generate', 'oracle_features',
           'untrimmed_videos']
