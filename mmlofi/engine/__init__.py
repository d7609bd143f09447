"""Hooks, and what makes MMEngine's launchers run without a GPU."""
from .checkpoint_hook import CheckpointFitHook
from .cost_hook import CostHook
from .cycle_hook import LoFiCycleHook
from .launch import prepare_launcher

__all__ = ['CheckpointFitHook', 'CostHook', 'LoFiCycleHook', 'prepare_launcher']
