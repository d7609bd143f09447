"""Makes a library's model a backbone: its own modules, and an output that is a map.

Shape legend: B snippets, T frames, H × W a frame, C channels, T' × h × w the map.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from mmengine.logging import print_log
from torch import Tensor, nn

from mmlofi.models.encoders.frame_limits import FrameLimits
from mmlofi.models.encoders.libraries.normalization import Normalization
from mmlofi.models.encoders.what_trains import is_adapter


@dataclass(frozen=True)
class Facts:
    """What a library's model is as an encoder.

    Args:
        to_map: Gives (B, C, T', h, w) of clips (B, 3, T, H, W), or (B, C, h, w) of images.
        takes_clips: Whether it takes clips, or images.
        limits: The frames and sides that it takes.
        normalization: How its frames are normalised; None where nothing says so.
        load_weights: Gives the model the weights that only its library finds.
        blocks: Names of the classes whose activations can be computed again.
        left_out: What of the output is no part of the map, in words.
        weights: What the config calls its weights; None of a model that was drawn.
        own_name: The name of a parameter here, also of one in weights of an older version.
    """

    to_map: Callable[[nn.Module, Tensor], Tensor]
    takes_clips: bool
    limits: FrameLimits = FrameLimits()
    normalization: Normalization | None = None
    load_weights: Callable[[nn.Module], None] | None = None
    blocks: tuple[str, ...] = ()
    left_out: str = ''
    weights: str | None = None
    own_name: Callable[[str], str] = str


class Adopted:
    """What `adopt` puts before a model's own class."""

    facts: Facts

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, T, H, W) or (B, 3, H, W) to a map."""
        return self.facts.to_map(self, inputs)

    def init_weights(self) -> None:
        """Loads what only the library finds; else nothing.

        The models are drawn when they are built. Some have an `init_weights` of their own, which
        MMEngine would call over weights that were loaded.
        """
        if self.facts.load_weights is not None:
            self.facts.load_weights(self)


def adopt(model: nn.Module, facts: Facts, *, without: tuple[str, ...] = ()) -> nn.Module:
    """The model itself, which from now on gives a map and knows its facts.

    Its class becomes one of `Adopted` and its own: a module around it would put a name before those
    of all its parameters, and its checkpoints would no longer fit.

    Args:
        without: Names of its parts that no map needs, such as a classifier.
    """
    for name in without:
        if hasattr(model, name):
            delattr(model, name)
    for module in model.modules():
        if type(module).__name__ in facts.blocks:
            module.with_cp = False
    kind = type(model)
    model.__class__ = type(kind.__name__, (Adopted, kind), dict(__module__=kind.__module__))
    model.facts = facts
    return model


def run_through(model: nn.Module, inputs: Tensor, *, names: tuple[str, ...]) -> Tensor:
    """The output of its parts of these names, one after the other."""
    for name in names:
        inputs = getattr(model, name)(inputs)
    return inputs


def through(*names: str) -> Callable[[nn.Module, Tensor], Tensor]:
    """A `to_map` of parts that follow each other."""
    return partial(run_through, names=names)


def take_over(model: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Gives a model all its weights, by name; its adapters, where it has some, start anew.

    Raises:
        ValueError: When some are missing, or of another shape.
    """
    own = {name: value for name, value in model.state_dict().items() if not is_adapter(name)}
    missing = [name for name, value in own.items()
               if name not in state or state[name].shape != value.shape]
    if missing:
        raise ValueError(f'{source} lacks {len(missing)} of {len(own)} weights of '
                         f'{type(model).__name__}, the first {missing[:2]}; expected all of them: '
                         'correct weights, or the settings of the model')
    model.load_state_dict({name: state[name] for name in own}, strict=False)
    print_log(f'{source} gives {type(model).__name__} {len(own)} weights', logger='current')
