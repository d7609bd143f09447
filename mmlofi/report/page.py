"""The page: one file of HTML that needs no server and no network."""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from mmlofi.datasets.annotations import VideoRecord, class_names
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.detection_map import tiou_name
from mmlofi.evaluation.diagnosis.false_positives import TYPES
from mmlofi.files import write_text
from mmlofi.report import tables
from mmlofi.report.analysis import Analysis, analyse
from mmlofi.report.charts import LineChart, line_chart
from mmlofi.report.gallery import make_gallery
from mmlofi.report.rendering import render
from mmlofi.visualization.colours import class_colours


def write_report(path: str | os.PathLike, ground_truth: Sequence[VideoRecord],
                 sets: Mapping[str, Detections], *,
                 tious: str | float | Sequence[float] = '0.5:0.95:0.05',
                 bounds: str = 'activitynet', match_tiou: float = 0.5, num_videos: int = 5,
                 top_k: int = 10, video_files: dict[str, str] | None = None,
                 classes: Sequence[str] | None = None, subset: str = '', player_page: str = '',
                 progress: Callable[[str], object] = lambda what: None) -> list[Analysis]:
    """Writes the page about one set of predictions, or about two side by side.

    Args:
        path: Of the page; folders above it are made.
        ground_truth: The videos of the subset.
        sets: One or two, by name.
        tious: As `parse_tious` takes them.
        bounds: Of the bins of the diagnosis: 'activitynet', 'thumos14' or 'quintiles'.
        match_tiou: At which an action counts as found, won or lost.
        num_videos: Videos shown of each group: best, worst, most won, most lost.
        top_k: Predictions drawn of a video and set.
        video_files: Video files by name, of whose frames thumbnails are made.
        classes: All of the data set, as `class_colours` takes them; None for those of the subset.
        subset: What the page says that it is about.
        player_page: A page beside it that plays the videos, to which it then links.
        progress: Called with what is being done; on a large split a set takes ten seconds.

    Returns:
        What the page shows of each set.

    Raises:
        ValueError: For no set or more than two, fewer than 0 videos, and as `analyse`.
    """
    if len(sets) not in (1, 2):
        raise ValueError(f'got {len(sets)} sets of predictions; expected one, or two to compare: '
                         'give the others a page of their own')
    if num_videos < 0 or top_k < 1:
        raise ValueError(f'asked for {num_videos} videos with {top_k} predictions; expected at '
                         'least 0 videos and 1 prediction')
    analyses = []
    for name, found in sets.items():
        progress(f'scoring {name}')
        analyses.append(analyse(name, ground_truth, found, tious, bounds=bounds,
                                match_tiou=match_tiou))
    progress('drawing')
    gallery = make_gallery(
        ground_truth, analyses, num_videos=num_videos, top_k=top_k, files=video_files,
        colours=class_colours(classes or class_names(ground_truth)))
    write_text(path, _render(
        analyses, subset=subset, num_detections=[len(one) for one in sets.values()], bounds=bounds,
        match_tiou=match_tiou, gallery=gallery, player_page=player_page))
    return analyses


def _render(analyses: Sequence[Analysis], *, match_tiou: float, **shown: object) -> str:
    """The page's text; what is `shown` goes to the template as it is."""
    return render(
        'page.html', **shown, sets=analyses, two=len(analyses) == 2,
        ignored=analyses[0].scores.num_ignored,
        names=[one.name for one in analyses], match_tiou=tiou_name(match_tiou),
        tious=analyses[0].scores.tious,
        notes=[(one.name, note) for one in analyses for note in one.notes],
        summary=tables.summary(analyses), map_rows=tables.map_rows(analyses),
        map_chart=_map_chart(analyses), class_rows=tables.class_rows(analyses),
        class_tious=[tiou_name(analyses[0].scores.tious[place])
                     for place in tables.shown_tious(analyses[0].scores.tious)],
        recall_rows=tables.recall_rows(analyses), recall_chart=_recall_chart(analyses),
        types=TYPES, gains=tables.gain_rows(analyses),
        characteristics=tables.characteristic_tables(analyses))


def _map_chart(analyses: Sequence[Analysis]) -> LineChart:
    tious = analyses[0].scores.tious
    return line_chart({one.name: (tious, (100 * one.scores.mAP).tolist()) for one in analyses},
                      x_label='tIoU', y_label='mAP, %', x_ticks=tious)


def _recall_chart(analyses: Sequence[Analysis]) -> LineChart:
    return line_chart(
        {one.name: (one.proposals.proposals.tolist(),
                    (100 * one.proposals.average_recall).tolist()) for one in analyses},
        x_label='proposals a video, on average', y_label='average recall, %',
        x_ticks=[1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], dots_at=(1, 5, 10, 50, 100))
