"""Shares of an extraction that take equally long."""
from __future__ import annotations

import heapq
import os.path as osp
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TypeVar

from mmengine.dist import all_gather_object, get_rank, get_world_size

from mmlofi.datasets.untrimmed import UntrimmedVideoDataset
from mmlofi.datasets.videos.facts import FeatureFacts
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.indexing import complete
from mmlofi.datasets.videos.look import is_enough, look_at_file
from mmlofi.files import path_in

T = TypeVar('T')


def share_out(costs: Mapping[T, float], shares: int) -> list[list[T]]:
    """Each thing into the share that costs least by then, the dearest first.

    No share costs more than 4/3 of the best possible (Graham, 1969).
    """
    given: list[list[T]] = [[] for _ in range(shares)]
    heap = [(0.0, number) for number in range(shares)]
    for thing in sorted(costs, key=costs.__getitem__, reverse=True):   # equal ones in their order
        cost, number = heapq.heappop(heap)
        given[number].append(thing)
        heapq.heappush(heap, (cost + costs[thing], number))
    return given


def extraction_costs(infos: Sequence[Mapping], by_duration: bool) -> list[float]:
    """What videos cost, one beside the other: their snippets, which are as many or as they last.

    Args:
        infos: Of `UntrimmedVideoDataset.get_data_info`.
        by_duration: Whether snippets are a fixed time apart.
    """
    known = [info['duration_sec'] for info in infos if info['duration_sec']]
    if not by_duration or not known:
        return [1.0] * len(infos)
    usual = fmean(known)
    return [info['duration_sec'] or usual for info in infos]


def share_of_missing(out: str, subsets: Mapping[str, UntrimmedVideoDataset], header: dict
                     ) -> dict[str, list[int]]:
    """This process's share of the videos that are not there yet, of all subsets together."""
    costs: dict[tuple[str, int], float] = {}
    for subset, dataset in subsets.items():
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
        looked_at = {index: path_in(out, infos[index]['video_name'], '{}.npz')
                     for index in range(get_rank(), len(infos), get_world_size())}
        done = find_done(FileIndex(f'{out.rstrip("/")}.index'), list(looked_at.values()), header)
        missing = [index for index, path in looked_at.items() if path not in done]
        of_video = extraction_costs(infos, by_duration=header['snippet_interval'] is not None)
        costs |= {(subset, index): of_video[index]
                  for index in sorted(sum(all_gather_object(missing), []))}
    mine = {subset: [] for subset in subsets}
    for subset, index in share_out(costs, get_world_size())[get_rank()]:
        mine[subset].append(index)
    if get_rank() == 0:
        for subset, dataset in subsets.items():
            print(f'{subset}: {len(dataset)} videos, {sum(one == subset for one, _ in costs)} to '
                  f'do, {len(mine[subset])} of them by this process', flush=True)
    return mine


def find_done(index: FileIndex, paths: list[str], header: dict) -> set[str]:
    """The files that are there, of these settings; says so of those that are not what they should
    be. By the index, files that an earlier run made are not opened."""
    there = [path for path in paths if osp.exists(path)]
    look = partial(look_at_file, source='feature', frames='first', index=index)
    done = set()
    found = complete(index, there, look, fits=is_enough, what='files of features')
    for path, facts in zip(there, found):
        if isinstance(facts, FeatureFacts) and facts.header == header:
            done.add(path)
        else:
            what = 'was made otherwise' if isinstance(facts, FeatureFacts) else 'cannot be read'
            print(f'{path} {what}, and is made again', flush=True)
    return done
