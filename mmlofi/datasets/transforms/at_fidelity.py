"""Runs one of MMAction2's spatial transforms at the fidelity's frame size."""
from __future__ import annotations

import copy

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.fidelity import FULL, Fidelity


@TRANSFORMS.register_module()
class AtFidelity(BaseTransform):
    """Divides the pixel sizes in a transform's config by r_s, so that any of them serves LoFi.

    ``dict(type='AtFidelity', transform=dict(type='RandomCrop', size=224))`` crops 224 at full
    fidelity, 112 at S and 158 at ST. One transform is built per fidelity and kept.

    Required, Added and Modified Keys are the wrapped transform's; fidelity is read when present.

    Args:
        transform: Config of the transform, with sizes for full fidelity.
        sizes: Which of its arguments are pixels (whole numbers, or tuples of them; -1 stays).
        divisor: Reduced sides are multiples of it: a ViT's patch, Swin's patch × window.
    """

    def __init__(self, *, transform: dict, sizes: tuple[str, ...] = ('size', 'scale'),
                 divisor: int = 2) -> None:
        if not any(name in transform for name in sizes):
            raise ValueError(f'AtFidelity got {transform}, which has none of the arguments '
                             f'{tuple(sizes)}; expected a transform with a size in pixels: name '
                             'its argument in `sizes`, or use the transform without AtFidelity')
        self.transform_cfg = copy.deepcopy(dict(transform))
        self.sizes = tuple(sizes)
        self.divisor = divisor
        self._built: dict[Fidelity, BaseTransform] = {}
        self.at(FULL)   # a wrong config fails here, not in a worker

    def transform(self, results: dict) -> dict | None:
        """Applies the wrapped transform, built for this sample's fidelity."""
        return self.at(results.get('fidelity', FULL))(results)

    def at(self, fidelity: Fidelity) -> BaseTransform:
        """The wrapped transform as it is at a fidelity."""
        if fidelity not in self._built:
            cfg = copy.deepcopy(self.transform_cfg)
            for name in set(self.sizes) & set(cfg):
                cfg[name] = self._reduce(cfg[name], fidelity)
            self._built[fidelity] = TRANSFORMS.build(cfg)
        return self._built[fidelity]

    def _reduce(self, size: int | float | tuple, fidelity: Fidelity) -> int | float | tuple:
        if isinstance(size, (tuple, list)):
            return tuple(self._reduce(item, fidelity) for item in size)
        return fidelity.reduce_side(size, self.divisor) if isinstance(size, int) and size > 0 \
            else size

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.at(FULL)!r})'
