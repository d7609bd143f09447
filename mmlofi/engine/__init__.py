"""The train loop, hooks and logs, and what makes MMEngine's launchers run without a GPU."""
from .atomic_backend import AtomicLocalBackend
from .atomic_checkpoint import AtomicCheckpointHook
from .bad_videos_hook import BadVideosHook
from .checkpoint_hook import CheckpointFitHook
from .class_scores_hook import ClassScoresHook
from .cost_hook import CostHook
from .cycle_hook import LoFiCycleHook
from .early_stopping import EarlyStoppingHook
from .ema_hook import ModelEMAHook
from .launch import prepare_launcher
from .log_processor import FidelityLogProcessor
from .norm_hook import NormStatisticsHook
from .param_groups import GroupedOptimWrapperConstructor
from .preemption_hook import PreemptionHook
from .raw_proposals_hook import RawProposalsHook
from .train_loop import FidelityTrainLoop
from .visualization_hook import TALVisualizationHook

__all__ = ['AtomicCheckpointHook', 'AtomicLocalBackend', 'BadVideosHook', 'CheckpointFitHook',
           'ClassScoresHook', 'CostHook', 'EarlyStoppingHook', 'FidelityLogProcessor',
           'FidelityTrainLoop', 'GroupedOptimWrapperConstructor', 'LoFiCycleHook',
           'ModelEMAHook', 'NormStatisticsHook', 'PreemptionHook', 'RawProposalsHook',
           'TALVisualizationHook', 'prepare_launcher']
