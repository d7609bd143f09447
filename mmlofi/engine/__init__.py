"""The cycle hook, and what makes MMEngine's launchers run without a GPU."""
from .cycle_hook import LoFiCycleHook
from .launch import prepare_launcher

__all__ = ['LoFiCycleHook', 'prepare_launcher']
