"""Detections of a video as a time line for video editors, by OpenTimelineIO.

The time line has the whole video as one clip, and on it a marker for each detection, as long as it
is and of its class's colour: nothing is cut, and detections may overlap. DaVinci Resolve, Kdenlive,
Premiere Pro and others open the file as it is; for an EDL (CMX 3600) or Final Cut's XML, which
OpenTimelineIO has plugins for: `otioconvert -i a.otio -o a.edl`.
"""
from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from mmlofi.detections.exports.videos import ExportedVideo

COLOURS = ('GREEN', 'CYAN', 'PINK', 'YELLOW', 'RED', 'ORANGE', 'PURPLE', 'MAGENTA', 'BLUE',
           'WHITE')


def import_otio() -> ModuleType:
    """OpenTimelineIO.

    Raises:
        ImportError: With what to install.
    """
    try:
        import opentimelineio
    except ImportError as error:
        raise ImportError("time lines need OpenTimelineIO; pip install 'mmlofi[labelling]' or "
                          'opentimelineio') from error
    return opentimelineio


def to_otio(video: ExportedVideo, classes: Sequence[str]) -> str:
    """The text of one video's .otio.

    Raises:
        ImportError: Without OpenTimelineIO.
        FileNotFoundError, ValueError: When its file, whose frames are numbered, cannot be opened.
    """
    opentimelineio = import_otio()
    schema, time, clock = opentimelineio.schema, opentimelineio.opentime, video.clock

    def span(first: int, behind: int) -> object:
        return time.TimeRange(time.RationalTime(first, clock.fps),
                              time.RationalTime(behind - first, clock.fps))
    whole = span(0, clock.total_frames)
    clip = schema.Clip(video.name, source_range=whole, media_reference=schema.ExternalReference(
        target_url=video.address, available_range=whole))
    for segment in video.segments:
        first = min(clock.frame_at(segment.start_sec), clock.total_frames - 1)
        clip.markers.append(schema.Marker(
            segment.label, span(first, max(clock.frame_at(segment.end_sec), first + 1)),
            COLOURS[classes.index(segment.label) % len(COLOURS)],
            dict(mmlofi=dict(score=segment.score))))
    line = schema.Timeline(video.name)
    line.tracks.append(schema.Track('detections', [clip], kind=schema.TrackKind.Video))
    return line.to_json_string()
