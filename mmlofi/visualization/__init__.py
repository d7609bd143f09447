"""Pictures."""
from mmlofi.visualization.timeline import plot_timelines

__all__ = ['plot_timelines']
