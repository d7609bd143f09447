"""One-stage heads: every point of a pyramid says what it is part of, and how far it reaches.

What ActionFormer and TriDet share stands once, in the order in which it runs:

    lengths.py       to which length features are padded
    layers.py        masked convolution, norm over channels, affine drop path, position encoding
    pyramid.py       embedding, stem, branch: features and masks of each level; the neck
    towers.py        class scores and offsets of each point, by weights that all levels share
    points.py        the grid: where points are, which lengths each may find, grid and shares
    targets.py       which points are positive, for which classes and offsets
    losses.py        focal loss, distance IoU, the running normalizer of both
    candidates.py    scored segments of each level
    head.py          `OneStageHead`: the way through all of these

A method adds its blocks and whatever else its heads have: attention.py and actionformer.py; sgp.py,
trident.py and tridet.py.
"""
from .actionformer import ActionFormerHead
from .tridet import TriDetHead

__all__ = ['ActionFormerHead', 'TriDetHead']
