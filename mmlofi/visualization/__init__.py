"""Pictures."""
from mmlofi.visualization.comparison_plot import plot_comparison
from mmlofi.visualization.contact_sheet import Strip, plot_contact_sheet
from mmlofi.visualization.schedule_plot import Run, plot_schedule
from mmlofi.visualization.timeline import plot_timelines

__all__ = ['Run', 'Strip', 'plot_comparison', 'plot_contact_sheet', 'plot_schedule',
           'plot_timelines']
