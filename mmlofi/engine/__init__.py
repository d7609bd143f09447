"""Hooks, and what makes MMEngine's launchers run without a GPU."""
from .cost_hook import CostHook
from .cycle_hook import LoFiCycleHook
from .launch import prepare_launcher

__all__ = ['CostHook', 'LoFiCycleHook', 'prepare_launcher']
