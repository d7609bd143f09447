"""Parameters of equal settings in one group of the optimizer."""
from __future__ import annotations

from logging import LogRecord

from mmengine.logging import MMLogger, print_log
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

FROZEN = 'is skipped since its requires_grad'


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """MMEngine's, of which `paramwise_cfg` makes one group of all parameters of a kind.

    MMEngine's makes a group of each parameter, so that an optimizer that steps over a whole group
    at once has one tensor in it, and logs each of its settings, hundreds of lines of a transformer.
    Here what has the same learning rate, weight decay and other settings is one group, of which a
    line is logged. Learning rates, decay and steps are the same.
    """

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '',
                   is_dcn_module: int | float | None = None) -> None:
        """Adds the groups of a model to `params`."""
        if prefix:    # a part, in MMEngine's recursion
            super().add_params(params, module, prefix, is_dcn_module)
            return
        single, logger = [], MMLogger.get_current_instance()
        logger.addFilter(_is_no_setting)
        try:
            super().add_params(single, module, prefix, is_dcn_module)
        finally:
            logger.removeFilter(_is_no_setting)
        kinds: dict[tuple, dict] = {}
        for group in single:
            settings = {key: value for key, value in group.items() if key != 'params'}
            kind = kinds.setdefault(tuple(sorted(settings.items())), dict(settings, params=[]))
            kind['params'] += group['params']
        params += kinds.values()
        left_out = sum(not value.requires_grad for value in module.parameters())
        if left_out:
            print_log(f'{left_out} frozen parameters are not in the optimizer', logger='current')
        for settings, group in kinds.items():
            print_log(f'{len(group["params"])} parameters with {dict(settings) or "no options"}',
                      logger='current')


def _is_no_setting(record: LogRecord) -> bool:
    message = record.getMessage()
    return not (message.startswith('paramwise_options') or FROZEN in message)
