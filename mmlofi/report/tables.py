"""The rows of the page's tables, of one or two analyses.

Shape legend: T thresholds of tIoU, C classes, S = 1 or 2 sets.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlofi.evaluation.detection_map import tiou_name
from mmlofi.evaluation.diagnosis.characteristics import bounds_text
from mmlofi.report.analysis import MULTIPLES, Analysis
from mmlofi.report.comparison import compare

_RECALL_AT = (1, 5, 10, 50, 100)


def summary(analyses: Sequence[Analysis]) -> list[dict]:
    """The figures at the top: name, what it is, a value for each set."""
    ends = dict.fromkeys(analyses[0].scores.tious[::len(analyses[0].scores.tious) - 1 or 1])
    rows = [('average mAP', 'the mean over all tIoUs', [one.scores.average_mAP
                                                         for one in analyses])]
    rows += [(f'mAP@{tiou_name(tiou)}', f'at tIoU {tiou_name(tiou)}', [
        float(one.scores.mAP[one.scores.tious.index(tiou)]) for one in analyses])
        for tiou in ends]
    rows += [
        ('mAP_N', 'as if all classes were equally frequent',
         [one.diagnosis['average_mAP_N'] for one in analyses]),
        ('AUC', 'area under AR@AN, without regard to classes',
         [one.proposals.AUC for one in analyses]),
        ('missed', 'actions that no detection takes, the mean over the tIoUs',
         [one.diagnosis['false_negatives']['missed'] for one in analyses])]
    return [dict(name=name, what=what, values=values, lower_is_better=name == 'missed')
            for name, what, values in rows]


def map_rows(analyses: Sequence[Analysis]) -> list[dict]:
    """mAP by tIoU, and the average, for each set."""
    first = analyses[0].scores
    rows = [dict(name=tiou_name(tiou), values=[float(one.scores.mAP[place]) for one in analyses])
            for place, tiou in enumerate(first.tious)]
    return [*rows, dict(name='average', values=[one.scores.average_mAP for one in analyses])]


def recall_rows(analyses: Sequence[Analysis]) -> list[dict]:
    """AR at some numbers of proposals, the area, and Recall@kx."""
    rows = [dict(name=f'AR@{count}', values=[float(one.proposals.average_recall[count - 1])
                                             for one in analyses]) for count in _RECALL_AT]
    rows.append(dict(name='AUC', values=[one.proposals.AUC for one in analyses]))
    return rows + [dict(name=f'Recall@{multiple}x',
                        values=[float(one.topkx[place]) for one in analyses])
                   for place, multiple in enumerate(MULTIPLES)]


def shown_tious(tious: Sequence[float]) -> list[int]:
    """Places of the first, the middle and the last."""
    return sorted({0, len(tious) // 2, len(tious) - 1})


def class_rows(analyses: Sequence[Analysis]) -> list[dict]:
    """A row for each class: its actions, AP and found actions in each set; of two sets also the
    difference, and actions won and lost."""
    first = analyses[0]
    C = len(first.scores.classes)
    actions = np.bincount(first.true_label, minlength=C)
    found = [np.bincount(one.true_label[one.found], minlength=C) for one in analyses]
    places = shown_tious(first.scores.tious)
    rows = []
    for place, name in enumerate(first.scores.classes):
        APs = [one.scores.AP[place] for one in analyses]
        rows.append(dict(
            name=name, actions=int(actions[place]),
            average=[float(AP.mean()) for AP in APs],
            at=[[float(AP[one]) for one in places] for AP in APs],
            found=[int(one[place]) for one in found]))
    if len(analyses) == 2:
        won, lost = compare(*analyses).by_class(C)
        for row, gained, gone in zip(rows, won.tolist(), lost.tolist()):
            row |= dict(difference=row['average'][1] - row['average'][0], won=gained, lost=gone)
    order = sorted(rows, key=lambda row: row['average'][-1])
    return order if len(analyses) == 1 else sorted(rows, key=lambda row: row['difference'])


def gain_rows(analyses: Sequence[Analysis]) -> list[dict]:
    """What mAP and mAP_N would gain without each type of false positive, for each set."""
    found = [one.diagnosis['false_positives'] for one in analyses]
    rows = [dict(name=name, mAP=[one['gain_mAP'][name] for one in found],
                 mAP_N=[one['gain_mAP_N'][name] for one in found])
            for name in found[0]['gain_mAP']]
    return sorted(rows, key=lambda row: -max(row['mAP']))


def characteristic_tables(analyses: Sequence[Analysis]) -> list[dict]:
    """For each characteristic its bins: bounds, actions, mAP_N and misses in each set."""
    first = analyses[0].diagnosis
    tables = []
    for name, bins in first['sensitivity'].items():
        rows = []
        for size, row in bins.items():
            rows.append(dict(
                size=size, bounds=bounds_text(*first['bins'][name][size]), actions=row['segments'],
                mAP_N=[one.diagnosis['sensitivity'][name][size]['average_mAP_N']
                       for one in analyses],
                missed=[one.diagnosis['false_negatives'][name][size]['missed']
                        for one in analyses]))
        tables.append(dict(name=name, rows=rows))
    return tables
