"""What a training step holds in memory, counted without data, GPU or the memory itself.

The encoder runs on fake tensors, which have shapes and no numbers, so that a step of 80 GiB is
counted in a second on a laptop. The head runs in truth, on random features: a head may look at
numbers, and its memory is small.

Shape legend: N videos, L snippets, T frames a snippet, S the frame's side, C channels.
"""
from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import cache

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import turn_on_activation_checkpointing
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from mmlofi.models import EndToEndLocalizer
from mmlofi.planning.live_memory import LiveMemory, fake_module
from mmlofi.planning.work import SnippetWork, VideoWork, count_snippet, of_video

MAX_CHUNKS = 3   # the first, one in the middle and the last: more only repeat the middle


@dataclass(frozen=True)
class StepMemory:
    """Bytes that one GPU holds in a training step.

    Attributes:
        weights: Of parameters and buffers, and of the copy that averages them.
        gradients: Of the parameters that train.
        optimizer: What the optimizer keeps beside them, such as Adam's two moments.
        buckets: DDP's copy of the gradients, on several GPUs.
        inputs: The batch, frames as uint8.
        encoder: What the encoder keeps for its backward pass at the end of its forward pass.
        head: What the head keeps, with the classifier where there is one.
        peak: The most that is alive at a time, of all of these and what comes and goes.
    """

    weights: int
    gradients: int
    optimizer: int
    buckets: int
    inputs: int
    encoder: int
    head: int
    peak: int

    @property
    def activations(self) -> int:
        """Encoder's and head's."""
        return self.encoder + self.head


@dataclass(frozen=True)
class Pass:
    """Bytes after a forward pass, and the most in it and in the backward pass."""

    kept: int
    forward_peak: int
    backward_peak: int

    def extended(self, two: Pass, batch_size: int) -> Pass:
        """That of a batch, where this is one video's and `two` that of two: the rest is alike."""
        return Pass(*(first + (batch_size - 1) * max(0, second - first)
                      for first, second in zip(astuple(self), astuple(two))))


class StepCounter:
    """Counts the memory of a config's training steps.

    Args:
        cfg: With `model` and `optim_wrapper`; `custom_hooks` and `activation_checkpointing` count.
            Weights named by `init_cfg` or `pretrained` are left.
        clip_len: Frames of a snippet; unused for a model of features.
        gpus: Ranks in all.
        like: A counter of a config with the same head, if there is one: it is counted once.

    Raises:
        ValueError: When the model is no `EndToEndLocalizer`, or has neither a backbone nor features
            whose channels its head tells.
    """

    def __init__(self, cfg: Config, *, clip_len: int | None, gpus: int = 1,
                 like: StepCounter | None = None) -> None:
        settings = copy.deepcopy(cfg.model.to_dict())
        if settings.get('backbone'):
            settings['backbone'] = without_weights(settings['backbone'])
        model = MODELS.build(settings)
        if not isinstance(model, EndToEndLocalizer):
            raise ValueError(f'the model is a {type(model).__name__}; expected an '
                             'EndToEndLocalizer, whose encoder and head are counted apart')
        copies = _copies_bytes(cfg, model)
        model.train()
        if cfg.get('activation_checkpointing'):
            turn_on_activation_checkpointing(model, cfg.activation_checkpointing)
        self.clip_len, self.half = clip_len, _is_half(cfg)
        self.weights = copies + _bytes([*model.parameters(), *model.buffers()])
        self.gradients = _bytes(value for value in model.parameters() if value.requires_grad)
        self.optimizer = round(self.gradients * _state_share(cfg))
        self.buckets = self.gradients if gpus > 1 else 0
        self._encoder_gradients = 0
        self._fakes = FakeTensorMode(allow_non_fake_inputs=True)
        self._backbone = None
        if model.backbone is not None:
            self._encoder_gradients = _bytes(
                value for value in model.backbone.parameters() if value.requires_grad)
            self._backbone = fake_module(model.backbone, self._fakes)
            model.backbone = None                    # the rest is a localizer of features
        self._encoder, self._localizer = model.encoder, model
        self._head = (settings['head'], settings.get('class_scores'), self.half,
                      cfg.get('activation_checkpointing'))
        self.encode, self.localize = cache(self._encode), cache(self._localize)
        self.snippet = cache(self._snippet)
        if like is not None and like._head == self._head:
            self.localize = like.localize

    def count(self, batch_size: int, num_snippets: int, side: int | None) -> StepMemory:
        """A step of `batch_size` videos, each of `num_snippets` frames' sides `side`."""
        if self._backbone is None:
            channels, encoder = _channels_of(self._localizer.head), Pass(0, 0, 0)
            positions = num_snippets
            inputs = batch_size * num_snippets * channels * 4
        else:
            (channels, share), encoder = self._encoder_pass(batch_size, num_snippets, side)
            positions = max(1, round(num_snippets * share))
            inputs = batch_size * num_snippets * 3 * self.clip_len * side * side
        head = self._head_pass(batch_size, channels, positions)
        fixed = self.weights + self.optimizer + self.buckets + inputs
        head_gradients = self.gradients - self._encoder_gradients
        peak = fixed + max(encoder.forward_peak, encoder.kept + head.forward_peak,
                           encoder.kept + head.backward_peak,
                           head_gradients + encoder.backward_peak, self.gradients)
        return StepMemory(self.weights, self.gradients, self.optimizer, self.buckets, inputs,
                          encoder.kept, head.kept, peak)

    def work(self, batch_size: int, num_snippets: int, side: int) -> VideoWork:
        """Tokens, pairs and operations of a video of such a step, of the encoder alone."""
        return of_video(self.snippet(side), num_snippets=num_snippets, batch_size=batch_size,
                        grad_ratio=self._encoder.grad_ratio,
                        chunk_size=self._encoder.snippets_of_a_call)

    def _encoder_pass(self, batch_size: int, num_snippets: int, side: int
                      ) -> tuple[tuple[int, float], Pass]:
        """C and the head's positions for a snippet, and what the encoder holds; of many videos or
        chunks by what a few hold."""
        chunk, share = self._encoder.snippets_of_a_call, self._encoder.grad_ratio
        if chunk is None:
            size, one = self.encode(1, num_snippets, side)
            if batch_size == 1:
                return size, one
            return size, one.extended(self.encode(2, num_snippets, side)[1], batch_size)
        snippets = batch_size * num_snippets
        if share == 1 and snippets > MAX_CHUNKS * chunk:     # the last may be smaller
            return self.encode(1, (MAX_CHUNKS - 1) * chunk + (snippets % chunk or chunk), side)
        enough = math.ceil(MAX_CHUNKS * chunk / max(1, round(share * num_snippets)))
        return self.encode(min(batch_size, enough), num_snippets, side)

    def _encode(self, batch_size: int, num_snippets: int, side: int
                ) -> tuple[tuple[int, float], Pass]:
        with self._fakes:
            frames = self._frames(batch_size, num_snippets, side)
            with LiveMemory() as memory:
                features = self._features(frames)
                kept, forward_peak = memory.now, memory.peak
                if features.requires_grad:
                    features.sum().backward()
            size = features.shape[1], features.shape[2] / num_snippets
            self._backbone.zero_grad()
        return size, Pass(kept, forward_peak, memory.peak)

    def _snippet(self, side: int) -> SnippetWork:
        with self._fakes:
            frames = self._frames(1, 1, side)
            work = count_snippet(lambda: self._features(frames))
            self._backbone.zero_grad()
        return work

    def _frames(self, batch_size: int, num_snippets: int, side: int) -> Tensor:
        return torch.empty((batch_size, num_snippets, 3, self.clip_len, side, side),
                           dtype=torch.uint8)

    def _features(self, frames: Tensor) -> Tensor:
        with self._autocast():
            return self._encoder(self._backbone, frames, _normalize)

    def _head_pass(self, batch_size: int, channels: int, positions: int) -> Pass:
        """By what one video and two hold, as more would take the memory that is counted."""
        one = self.localize(1, channels, positions)
        if batch_size == 1:
            return one
        return one.extended(self.localize(2, channels, positions), batch_size)

    def _localize(self, batch_size: int, channels: int, positions: int) -> Pass:
        features = torch.rand(batch_size, channels, positions, requires_grad=True)
        samples = [sample_with_action(positions) for _ in range(batch_size)]
        if batch_size == 1:
            with torch.no_grad():
                self._localizer(features, samples, mode='loss')    # makes what it keeps for good
        with LiveMemory() as memory:
            with self._autocast():
                losses = self._localizer(features, samples, mode='loss')
            kept, forward_peak = memory.now, memory.peak
            self._localizer.parse_losses(losses)[0].backward()
        self._localizer.zero_grad()
        return Pass(kept, forward_peak, memory.peak)

    def _autocast(self) -> contextlib.AbstractContextManager:
        return torch.autocast('cpu', torch.bfloat16) if self.half else contextlib.nullcontext()


def without_weights(backbone: dict) -> dict:
    """A backbone's config that loads nothing."""
    return dict(backbone, **{name: None for name in ('pretrained', 'init_cfg')
                             if backbone.get(name) is not None})


def _normalize(clips: Tensor) -> Tensor:
    """Holds what MMAction2's preprocessor holds; that one looks at numbers where it stacks."""
    mean = clips.new_zeros((3, 1, 1, 1), dtype=torch.float32)
    return (clips - mean) / 255


def sample_with_action(num_snippets: int) -> ActionDataSample:
    """A video with one action over its middle, as `PackTALInputs` makes it."""
    sample = ActionDataSample(metainfo=dict(
        video_name='planned', duration_sec=float(num_snippets), num_snippets=num_snippets,
        window_norm=(0.0, 1.0), fidelity='full', replaced=[]))
    sample.gt_instances = InstanceData(segments=torch.tensor([[0.25, 0.75]]),
                                       labels=torch.tensor([0]))
    return sample


def _channels_of(head: nn.Module) -> int:
    channels = getattr(head, 'in_channels', None)
    if channels is None:
        raise ValueError(f'the model has no backbone, and its {type(head).__name__} has no '
                         'in_channels; expected one, which tells the channels of the features')
    return channels


def _copies_bytes(cfg: Config, model: nn.Module) -> int:
    """Of the means of weights; `ModelEMAHook` shares what is frozen before the training begins."""
    kinds = [hook['type'] for hook in cfg.get('custom_hooks') or []]
    trained = [value for value in model.parameters() if value.requires_grad]
    return (kinds.count('EMAHook') * _bytes([*model.parameters(), *model.buffers()])
            + kinds.count('ModelEMAHook') * _bytes([*trained, *model.buffers()]))


def _is_half(cfg: Config) -> bool:
    return (cfg.get('optim_wrapper') or {}).get('type') == 'AmpOptimWrapper'


def _state_share(cfg: Config) -> float:
    """Bytes that the config's optimizer keeps for a byte of parameters, seen at one step of it."""
    settings = {key: value for key, value in (cfg.get('optim_wrapper') or {}).items()
                if key in ('optimizer', 'clip_grad')}
    if not settings:
        return 0.0
    layer = nn.Linear(64, 64, bias=False)
    optimizer = build_optim_wrapper(layer, dict(settings, type='OptimWrapper')).optimizer
    layer(torch.ones(1, 64)).sum().backward()
    optimizer.step()
    states = [value for state in optimizer.state.values() for value in state.values()
              if isinstance(value, Tensor) and value.ndim > 0]
    return _bytes(states) / _bytes([layer.weight])


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
