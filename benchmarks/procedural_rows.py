"""The rows of the procedural benchmark's table: what each encoder learned from."""
from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """How a row's encoder is trained; stage 3 is the same for all."""

    title: str
    config: str | None = None   # None has no encoder of its own
    start: str | None = None    # the row whose encoder it starts from
    beside: tuple[str, str] | None = None   # rows whose features lie side by side


ROWS = {
    'icp': Row('ICP', 'icp_toy.py'),
    'acp': Row('ACP', 'acp_toy.py'),
    'acp_plus': Row('ACP+', 'acp_plus_toy.py', 'acp'),
    'tsp': Row('TSP', 'tsp_toy.py', 'acp'),
    'tsp_adamw': Row('TSP by AdamW', 'tsp_adamw_toy.py', 'acp'),   # as LoFi is trained
    'arrow': Row('Arrow of Time', 'arrow_toy.py'),
    'speed': Row('SpeedNet', 'speed_toy.py'),
    'bsp': Row('after the idea of BSP', 'bsp_toy.py'),
    'acp_arrow': Row('ACP + Arrow', beside=('acp', 'arrow')),
    'acp_speed': Row('ACP + Speed', beside=('acp', 'speed')),
    's': Row('S-LoFi', 's_lofi_toy.py', 'acp'),
    't': Row('T-LoFi', 't_lofi_toy.py', 'acp'),
    'st': Row('ST-LoFi', 'st_lofi_toy.py', 'acp'),
    'short': Row('Short C-LoFi', 'lofi_short_toy.py', 'acp'),
    'long': Row('Long C-LoFi', 'lofi_toy.py', 'acp'),
    'full': Row('full fidelity', 'full_toy.py', 'acp'),
    'tsp_short': Row('Short C-LoFi from TSP', 'lofi_short_toy.py', 'tsp'),
    'tsp_long': Row('Long C-LoFi from TSP', 'lofi_toy.py', 'tsp'),
    # As many updates as these two, without the change.
    'tsp_tsp': Row('TSP from TSP', 'tsp_toy.py', 'tsp'),
    'short_short': Row('Short C-LoFi from itself', 'lofi_short_toy.py', 'short'),
}
STAGE_2 = tuple(name for name, row in ROWS.items()
                if row.config and ('lofi' in row.config or row.config == 'full_toy.py'))
