"""Detections as predictions of Label Studio, and the labelling interface that they are for.

Tasks with `predictions` are imported as they are (Label Studio's guide, "Import pre-annotated
data"); a region is as the reader of labels has it. The interface says `frameRate="$fps"`, and each
task has its video's rate, so that frames there are those of the file; read corrections back with
`tools/make_annotations.py --frame-rate '$fps'`. Where the file is not known the rate is 24, the
Video tag's own.

Label Studio asks for the videos by the address in the data: by default that of local files, which
its "Local storage" serves ("Local files" as the source, LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED).
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from mmlofi.datasets.annotations.labelling.label_studio import FRAME_RATE
from mmlofi.detections.exports.videos import ExportedVideo, Segment

CONTROL = 'actions'
VIDEO = 'video'
LOCAL_FILES = '/data/local-files/?d={}'
VERSION = 'mmlofi'


def to_tasks(videos: Sequence[ExportedVideo]) -> list[dict]:
    """A task for each video, in their order; its score is that of its best segment."""
    tasks = []
    for video in videos:
        rate = _rate(video)
        regions = [_region(number, segment, rate) for number, segment in enumerate(video.segments)]
        tasks.append(dict(
            data={VIDEO: video.url or _local(video), 'fps': rate},
            predictions=[dict(model_version=VERSION, result=regions,
                              score=max((one.score for one in video.segments), default=0.0))]))
    return tasks


def to_interface(classes: Sequence[str]) -> str:
    """The labelling interface of the project."""
    labels = '\n'.join(f'    <Label value={quoteattr(name)}/>' for name in classes)
    return (f'<View>\n  <TimelineLabels name="{CONTROL}" toName="{VIDEO}">\n{labels}\n'
            f'  </TimelineLabels>\n  <Video name="{VIDEO}" value="${VIDEO}" frameRate="$fps"/>\n'
            '</View>\n')


def _local(video: ExportedVideo) -> str:
    return LOCAL_FILES.format(quote(os.fsencode(video.file)))


def _rate(video: ExportedVideo) -> float:
    """Frames a second of the task; below 1 Label Studio takes it for seconds a frame."""
    rate = float(FRAME_RATE) if video.path is None else video.clock.fps
    return rate if rate >= 1 else float(FRAME_RATE)


def _region(number: int, segment: Segment, rate: float) -> dict:
    """Frames count from 1, and both ends are inside."""
    first = round(segment.start_sec * rate) + 1
    last = max(round(segment.end_sec * rate), first)
    return dict(id=f'{number}', from_name=CONTROL, to_name=VIDEO, type='timelinelabels',
                origin='prediction', score=segment.score,
                value=dict(ranges=[dict(start=first, end=last)],
                           timelinelabels=[segment.label]))
