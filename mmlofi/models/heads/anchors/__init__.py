"""What heads share that score every anchor: a start s and a duration d + 1 of a map (D, L)."""
from .align import inside_video
from .cut import cut_at_end
from .proposals import ProposalSelection
from .regression import sampled_l2
from .targets import Targets, build_targets

__all__ = ['ProposalSelection', 'Targets', 'build_targets', 'cut_at_end', 'inside_video',
           'sampled_l2']
