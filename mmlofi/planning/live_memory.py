"""Counts the bytes of the tensors that are alive, of real ones or of fakes that hold nothing."""
from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode


class LiveMemory(TorchDispatchMode):
    """Bytes of the storages that operators made while this was entered, and that are still alive.

    What autograd keeps counts as long as its graph does. What an operator allocates and frees
    inside, such as the workspace of a convolution, is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        """The operator's result, whose storages are counted from now on."""
        kwargs = kwargs or {}
        given = {storage._cdata for storage in _storages((args, tuple(kwargs.values())))}
        result = func(*args, **kwargs)
        for storage in _storages(result):
            if storage._cdata not in given:      # else a view, or changed in place
                self._count(storage)
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._alive:
            return

        def free(_: weakref.ref) -> None:
            self._alive.pop(key, None)
            self.now -= size
        self._alive[key] = weakref.ref(storage, free)
        self.now += size
        self.peak = max(self.peak, self.now)


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    """Of the tensors in nested tuples and lists, which is all that operators take and give."""
    if isinstance(tree, Tensor):
        return [tree.untyped_storage()] if tree.layout == torch.strided else []
    if isinstance(tree, (tuple, list)):
        return [storage for part in tree for storage in _storages(part)]
    return []


def fake_module(module: nn.Module, mode: FakeTensorMode) -> nn.Module:
    """The module itself, its parameters and buffers replaced by fakes of the same shapes."""
    for part in module.modules():
        for name, value in part._parameters.items():
            if value is not None:
                part._parameters[name] = nn.Parameter(mode.from_tensor(value.detach()),
                                                      requires_grad=value.requires_grad)
        for name, value in part._buffers.items():
            if value is not None:
                part._buffers[name] = mode.from_tensor(value)
    return module
