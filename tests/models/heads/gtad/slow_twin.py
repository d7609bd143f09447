"""G-TAD written straight from the paper, slow and plain, to compare with and to time against.

Every anchor's bins are built one sample at a time, the aligned map (N, 256 * bins, D, L) is
materialised whole, and the map's convolutions run over it. Parameters come from a `GTADHead`.
"""

from functools import lru_cache
from math import ceil, floor

import torch


def bin_weights(start, end, bins, length):
    """(bins, L): how much of each position a bin of [start, end] reads, by 1-D RoIAlign."""
    weights = [[0.0] * length for _ in range(bins)]
    width = max(end - start, 1.0)
    samples = ceil(width / bins)
    for b in range(bins):
        for i in range(samples):
            x = start + (b + (i + 0.5) / samples) * width / bins
            if x < -1 or x > length:
                continue
            x = min(max(x, 0.0), length - 1.0)
            low = floor(x)
            high = min(low + 1, length - 1)
            weights[b][low] += (1 - (x - low)) / samples
            weights[b][high] += (x - low) / samples
    return weights


@lru_cache(maxsize=4)
def alignment(length, durations, bins):
    """(L, bins, D, L): the weight of a position in each bin of each anchor (d, s)."""
    anchors = []
    for d in range(durations):
        for s in range(length):
            size = d + 1
            inside = s + size <= length
            start, end = (s - 0.5 * size, s + d + 0.5 * size) if inside else (0, 0)
            anchors.append(torch.tensor(bin_weights(start, end, bins, length)))
    weights = torch.stack(anchors).unflatten(0, (durations, length))  # (D, L, bins, L)
    return weights.permute(3, 2, 0, 1).contiguous()


def nearest_mean(nodes, k=3):
    """Mean of each node's k nearest, itself included, node by node: (N, C, L)."""
    videos = []
    for video in nodes:
        means = []
        for x in video.t():
            nearest = ((video - x[:, None]) ** 2).sum(0).topk(min(k, video.size(1)), largest=False)
            means.append(video[:, nearest.indices].mean(1))
        videos.append(torch.stack(means, dim=1))
    return torch.stack(videos)


def aligned_map(nodes, context, durations, inner_bins, context_bins):
    """(N, C * bins, D, L), channel-major."""
    length = nodes.size(2)
    inner, outer = (torch.tensordot(x, alignment(length, durations, bins).to(x), dims=1)
                    for x, bins in ((nodes, inner_bins), (context, context_bins)))
    return torch.cat([inner, outer], dim=2).flatten(1, 2)


def slow_forward(head, features):
    """What `head(features)` should give."""
    net = head.network
    base = net.stem(features)
    nodes = net.nodes(base)
    aligned = aligned_map(nodes, nearest_mean(nodes), head.num_durations(features.size(2)),
                          net.inner_bins, net.context_bins)
    return (net.map(aligned).sigmoid(), net.start(base).squeeze(1).sigmoid(),
            net.end(base).squeeze(1).sigmoid())


def slow_targets(segments, length, durations):
    """iou (D, L), start (L,), end (L,) of one video, one number at a time."""
    def share(low, high, a, b):
        return max(0.0, min(high, b) - max(low, a))

    iou = torch.zeros(durations, length)
    start, end = torch.zeros(length), torch.zeros(length)
    for t0, t1 in segments.tolist():
        for s in range(length):
            for d in range(durations):
                a, b = s / length, (s + d + 1) / length
                inter = share(a, b, t0, t1)
                iou[d, s] = max(iou[d, s], inter / (b - a + t1 - t0 - inter))
            window = (s - 0.5) / length, (s + 1.5) / length
            for target, t in ((start, t0), (end, t1)):
                near = share(*window, t - 1.5 / length, t + 1.5 / length) / (2 / length)
                target[s] = max(target[s], near)
    return iou, start, end
