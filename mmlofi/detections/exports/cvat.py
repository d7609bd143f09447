"""Detections of a video as tracks for CVAT, in the format "CVAT for video 1.1".

The form is in the reader of labels. A track is a box around the whole picture, from the first frame
to the first behind. To take it up, make a task of the video with all of its frames (no frame step)
and these labels, and upload the annotations there.
"""
from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from mmlofi.datasets.videos.frame_clock import FrameClock
from mmlofi.detections.exports.videos import ExportedVideo, Segment


def to_cvat(video: ExportedVideo, classes: Sequence[str]) -> str:
    """The annotations.xml of one video.

    Raises:
        FileNotFoundError, ValueError: When its file, whose frames are numbered, cannot be opened.
    """
    root = Element('annotations')
    SubElement(root, 'version').text = '1.1'
    _add_meta(root, video, classes)
    for number, segment in enumerate(video.segments):
        _add_track(root, number, segment, video.clock)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _add_meta(root: Element, video: ExportedVideo, classes: Sequence[str]) -> None:
    clock, task = video.clock, SubElement(SubElement(root, 'meta'), 'task')
    for name, value in dict(name=video.name, size=clock.total_frames, mode='interpolation',
                            start_frame=0, stop_frame=clock.total_frames - 1,
                            frame_filter='').items():
        SubElement(task, name).text = str(value)
    labels = SubElement(task, 'labels')
    for name in classes:
        label = SubElement(labels, 'label')
        SubElement(label, 'name').text = name
        SubElement(label, 'attributes')
    size = SubElement(task, 'original_size')
    SubElement(size, 'width').text, SubElement(size, 'height').text = \
        str(clock.width), str(clock.height)
    SubElement(task, 'source').text = video.file


def _add_track(root: Element, number: int, segment: Segment, clock: FrameClock) -> None:
    first = min(clock.frame_at(segment.start_sec), clock.total_frames - 1)
    behind = max(clock.frame_at(segment.end_sec), first + 1)
    track = SubElement(root, 'track', id=str(number), label=segment.label, source='auto')
    frames = {first: '0', behind - 1: '0'}
    if behind < clock.total_frames:     # a task has no frame behind its last
        frames[behind] = '1'
    for frame, outside in frames.items():
        SubElement(track, 'box', frame=str(frame), keyframe='1', outside=outside, occluded='0',
                   xtl='0.00', ytl='0.00', xbr=f'{clock.width:.2f}', ybr=f'{clock.height:.2f}',
                   z_order='0')
