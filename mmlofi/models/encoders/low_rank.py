"""Low-rank adaptation (Hu et al. 2022) of any backbone's linear layers, by the library peft."""
from __future__ import annotations

import re
from collections.abc import Sequence

from torch import Tensor, nn

NAME = 'default'         # of the one adapter that peft is asked for
SHOWN = 12


class LowRankAdapters:
    """W x becomes W x + (alpha / rank) · B A x in chosen linear layers, W frozen.

    Checkpoints have the layers' own names (`qkv.weight`, not peft's `qkv.base_layer.weight`), with
    `qkv.lora_A.default.weight` and `lora_B` beside them: those of recognizers fit, and a recognizer
    reads one's own.

    Args:
        targets: Names of linear layers, whole or from a dot on: 'qkv', 'attn.proj', 'blocks.0.fc'.
        rank: Rows of A.
        alpha: The scale of the change is alpha / rank; None: as rank, so 1.
        drop_path: As `TemporalAdapters`.

    Raises:
        ValueError: For settings out of range.
    """

    mixes_clips = keeps_backbone = False

    def __init__(self, *, targets: Sequence[str], rank: int = 8, alpha: float | None = None,
                 drop_path: bool = False) -> None:
        if isinstance(targets, str) or not targets or any(
                not isinstance(one, str) for one in targets):
            raise ValueError(f'adapters got targets={targets!r}; expected a list of names of '
                             "linear layers, such as ['qkv', 'proj']")
        if type(rank) is not int or rank < 1:
            raise ValueError(f'adapters got rank={rank!r}; expected a whole number of 1 or more, '
                             'such as 8')
        if alpha is not None and (type(alpha) not in (int, float) or alpha <= 0):
            raise ValueError(f'adapters got alpha={alpha!r}; expected a number above 0, or None '
                             'for that of rank')
        self.targets, self.rank, self.drop_path = list(targets), rank, drop_path
        self.alpha = rank if alpha is None else alpha
        self.feature_settings = f'alpha={float(self.alpha)}'

    def attach(self, backbone: nn.Module, *, chunk_size: int | None, checkpointing: bool) -> None:
        """Puts low-rank layers around the targets.

        Raises:
            ValueError: When a target is no linear layer of the backbone, with the names of those.
            ModuleNotFoundError: Without peft.
        """
        names = self._find(backbone)
        try:
            from peft import LoraConfig, inject_adapter_in_model
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f'adapters of type lora need peft, which cannot be imported ({error}); expected '
                "it to be installed: pip install 'mmlofi[lora]'") from error
        inject_adapter_in_model(LoraConfig(r=self.rank, lora_alpha=self.alpha,
                                           target_modules=names), backbone, NAME)
        for name in names:
            _mend(backbone.get_submodule(name))

    def init_weights(self, backbone: nn.Module) -> None:
        """Makes every B zero again; the initialisation of a backbone reaches linear layers."""
        for module in backbone.modules():
            if isinstance(module, _LowRank):
                module.reset_lora_parameters(NAME, True)

    def _find(self, backbone: nn.Module) -> list[str]:
        names = [name for name, module in backbone.named_modules() if isinstance(module, nn.Linear)]
        found = {target: [name for name in names if f'.{name}'.endswith(f'.{target}')]
                 for target in self.targets}
        missing = [target for target, matches in found.items() if not matches]
        if missing:
            shown = list(dict.fromkeys(re.sub(r'\.\d+\.', '.*.', name, count=1) for name in names))
            more = f' and {len(shown) - SHOWN} more' if len(shown) > SHOWN else ''
            raise ValueError(
                f'adapters got targets={missing}, which {type(backbone).__name__} does not have; '
                f'expected names of its linear layers, whole or from a dot on: '
                f'{shown[:SHOWN] if shown else "it has none, so leave adapters out"}{more}')
        return sorted({name for matches in found.values() for name in matches})


class _LowRank:
    """What a layer of peft is given besides, by a class of its own.

    Some modules do not call their layers: they read `weight`, as MMAction2's attention, which adds
    a bias to it, and torch's. To them peft's layer would be the frozen one.
    """

    @property
    def weight(self) -> Tensor:
        """W + (alpha / rank) · B A."""
        return self.get_base_layer().weight + self.get_delta_weight(NAME)


def _mend(layer: nn.Module) -> None:
    layer.__class__ = type(f'LowRank{type(layer).__name__}', (_LowRank, type(layer)), {})
    layer._register_state_dict_hook(_to_own_names)
    layer._register_load_state_dict_pre_hook(_from_own_names, with_module=True)


def _to_own_names(layer: nn.Module, state_dict: dict, prefix: str, _: dict) -> None:
    for name in layer.get_base_layer().state_dict():
        state_dict[prefix + name] = state_dict.pop(f'{prefix}base_layer.{name}')


def _from_own_names(layer: nn.Module, state_dict: dict, prefix: str, *_: object) -> None:
    for name in layer.get_base_layer().state_dict():
        if prefix + name in state_dict:
            state_dict[f'{prefix}base_layer.{name}'] = state_dict.pop(prefix + name)
