"""The features of every anchor, without ever building the anchors' feature map.

Shapes: N videos, L snippets, D durations, C channels of a node, B bins of an anchor (those of its
inside, then those of its context), H channels after the map's first convolution, A anchors inside
the video plus one (see below).

G-TAD and BMN cut every anchor into B bins, each a weighted sum of positions, and hand the stacked
bins, C * B channels, to a linear map (a 1x1 convolution, or one that is B deep). At L = D = 100
that stack takes 369 MB a video in G-TAD and 328 MB in BMN. Both steps are linear, so here the
projection goes first: every node is projected once for each bin, (L, C) -> (L, B, H), and an
anchor is then a weighted sum of a few of these L * B rows. The weights depend on the geometry
alone: they are computed once for each (L, D), and make the product as well as its transpose (for
backward) one call of `embedding_bag`, which every device has. Backward keeps only the nodes.

Anchors that end after the video all read the same, so one row, the last, serves them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


class SparseMatrix(NamedTuple):
    """Row i of the product is the sum of `weights[k] * table[columns[k]]` over its own k."""

    columns: Tensor
    weights: Tensor
    offsets: Tensor  # row i owns k from offsets[i] up to offsets[i + 1]

    def __matmul__(self, table: Tensor) -> Tensor:
        return embedding_bag(self.columns, table, self.offsets, mode='sum',
                             per_sample_weights=self.weights, include_last_offset=True)


class Anchors(NamedTuple):
    """What is known of the anchors of a video of L snippets before it is seen."""

    row_of: Tensor  # (D, L): which of the A rows belongs to duration d + 1 and start s
    sample: SparseMatrix  # (A, L * B): anchors from projected nodes
    transposed: SparseMatrix


def inside_video(durations: int, length: int) -> Tensor:
    """(D, L) mask of the anchors that end within the video: s + d + 1 <= L."""
    return torch.arange(length) + torch.arange(durations)[:, None] < length


def make_anchors(taps: Tensor, length: int, durations: int, bins: int, device: torch.device,
                 dtype: torch.dtype) -> Anchors:
    """Anchors whose bins read what (3, taps) says: rows, columns (position * B + bin), weights.

    Rows count the anchors inside the video, duration by duration; the last is that of all others.
    """
    inside = inside_video(durations, length)
    row_of = torch.full((durations, length), int(inside.sum()))
    row_of[inside] = torch.arange(int(inside.sum()))
    shape = (int(inside.sum()) + 1, length * bins)
    matrix = torch.sparse_coo_tensor(taps[:2].long(), taps[2], shape, check_invariants=True)
    return Anchors(row_of.to(device), _sparse(matrix, device, dtype),
                   _sparse(matrix.t(), device, dtype))


def project_then_align(nodes: Tensor, context: Tensor, weight: Tensor, bias: Tensor,
                       anchors: Anchors, inner_bins: int) -> Tensor:
    """The map's first convolution over the aligned anchors.

    Args:
        nodes: (N, C, L), what the inner bins read.
        context: (N, C, L), what the context bins read.
        weight: (H, C * B), channel-major.
        bias: (H,)

    Returns:
        (N, A, H)
    """
    return _ProjectThenAlign.apply(nodes, context, weight, bias, anchors, inner_bins)


class _ProjectThenAlign(torch.autograd.Function):
    """Goes through the batch in groups of about 128 nodes: a long video each, or some short ones.

    So no more than about 10 MB of projections exist at once, and the weights, 19 MB in fp32, are
    not read again for each of the few nodes of a low-fidelity video.

    Under autocast the nodes come in half precision and so does the result; the sums over a row's
    taps and over the videos are kept in float32.
    """

    @staticmethod
    def forward(ctx, nodes, context, weight, bias, anchors, inner_bins):
        """(N, A, H), from the arguments of `project_then_align`."""
        ctx.save_for_backward(nodes, context, weight)
        ctx.anchors, ctx.split = anchors, inner_bins * weight.size(0)
        table_rows = nodes.size(2) * weight.size(1) // nodes.size(1)  # L * B
        inner, outer = _per_bin(weight, nodes).tensor_split([ctx.split], dim=1)  # (C, bins * H)
        matrix = anchors.sample
        out = nodes.new_empty(nodes.size(0), matrix.offsets.numel() - 1, weight.size(0))
        for group in _groups(nodes):
            projected = torch.cat([_rows(nodes[group]) @ inner, _rows(context[group]) @ outer],
                                  dim=1).to(matrix.weights.dtype)  # (videos * L, B * H)
            tables = projected.view(-1, table_rows, weight.size(0))
            for result, table in zip(out[group], tables):  # (A, H), (L * B, H)
                result.copy_((matrix @ table).add_(bias))
        return out

    @staticmethod
    def backward(ctx, grad):
        """Gradients of the four tensors; no projection is kept or made again."""
        nodes, context, weight = ctx.saved_tensors
        inner, outer = _per_bin(weight, nodes).tensor_split([ctx.split], dim=1)
        matrix = ctx.anchors.transposed
        grad_nodes, grad_context = torch.empty_like(nodes), torch.empty_like(context)
        grad_inner, grad_outer = (torch.zeros_like(x, dtype=matrix.weights.dtype)
                                  for x in (inner, outer))
        for group in _groups(nodes):
            tables = [matrix @ g.to(matrix.weights.dtype) for g in grad[group]]  # (L * B, H) each
            per_node = torch.cat(tables).view(len(tables) * nodes.size(2), -1).to(nodes.dtype)
            of_inner, of_outer = per_node.tensor_split([ctx.split], dim=1)  # (videos * L, bins * H)
            for into, of_bins, table in ((grad_nodes, of_inner, inner),
                                         (grad_context, of_outer, outer)):
                into[group] = (of_bins @ table.t()).unflatten(0, (len(tables), -1)).transpose(1, 2)
            grad_inner += _rows(nodes[group]).t() @ of_inner
            grad_outer += _rows(context[group]).t() @ of_outer
        grad_weight = torch.cat([grad_inner, grad_outer], dim=1).view(-1, weight.size(0)).t()
        return (grad_nodes, grad_context, grad_weight.to(weight.dtype),
                grad.sum((0, 1)).to(weight.dtype), None, None)


def _groups(nodes: Tensor) -> list[slice]:
    """Slices of the batch with about 128 nodes each, at least one video."""
    videos = max(1, 128 // nodes.size(2))
    return [slice(first, first + videos) for first in range(0, nodes.size(0), videos)]


def _rows(nodes: Tensor) -> Tensor:
    """(N, C, L) -> (N * L, C)."""
    return nodes.transpose(1, 2).flatten(0, 1)


def _per_bin(weight: Tensor, nodes: Tensor) -> Tensor:
    """(H, C * B) -> (C, B * H), in the precision of the nodes."""
    return weight.to(nodes.dtype).t().reshape(nodes.size(1), -1)


def _sparse(matrix: Tensor, device: torch.device, dtype: torch.dtype) -> SparseMatrix:
    matrix = matrix.coalesce()  # sorts by row and adds up what falls on the same position
    rows, columns = matrix.indices()
    offsets = torch.searchsorted(rows, torch.arange(matrix.size(0) + 1))
    return SparseMatrix(columns.to(device, torch.int32), matrix.values().to(device, dtype),
                        offsets.to(device, torch.int32))
