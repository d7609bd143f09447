"""Names of parameters in the checkpoints of others."""
from __future__ import annotations

from collections.abc import Callable


def rename_keys(state_dict: dict, prefix: str, own_name: Callable[[str], str]) -> None:
    """Gives a module's keys in a state dict its own names, in place.

    Args:
        state_dict: Of a whole model.
        prefix: Of the module in it; other keys stay.
        own_name: The module's name of a parameter, of its name there without the prefix.
    """
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[prefix + own_name(key[len(prefix):])] = state_dict.pop(key)
