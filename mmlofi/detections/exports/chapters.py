"""Detections of a video as chapters, for players, FFmpeg and YouTube.

Chapters do not overlap: as in subtitles, time is cut where a detection starts or ends, and a
chapter is called after the classes that are on. Between them there is none, but for YouTube, whose
chapters follow one another.
"""
from __future__ import annotations

import html
import re

from mmlofi.detections.exports.subtitles import Cue, clock, cut_cues
from mmlofi.detections.exports.videos import ExportedVideo

YOUTUBE_LEAST_MS = 10_000   # YouTube shows no chapters at all where one is shorter
NOTHING = '–'


def to_ffmetadata(video: ExportedVideo) -> str:
    """FFmpeg's metadata: `ffmpeg -i a.mp4 -i a.ffmetadata -map_metadata 1 -codec copy b.mp4`.

    (FFmpeg's manual of formats, "Metadata": '=', ';', '#', '\\' and line ends are escaped.)
    """
    return ';FFMETADATA1\n' + ''.join(
        f'[CHAPTER]\nTIMEBASE=1/1000\nSTART={cue.start_ms}\nEND={cue.end_ms}\n'
        f'title={_escaped(_title(cue))}\n' for cue in _cues(video))


def to_webvtt(video: ExportedVideo) -> str:
    """WebVTT for a track of the kind "chapters", as browsers and some players take it."""
    return 'WEBVTT\n\n' + ''.join(
        f'{clock(cue.start_ms, ".")} --> {clock(cue.end_ms, ".")}\n'
        f'{html.escape(_title(cue), quote=False)}\n\n' for cue in _cues(video))


def to_youtube(video: ExportedVideo) -> str:
    """Lines for a video's description: each chapter's start and name.

    YouTube wants the first at 0:00, three or more, and ten seconds each ("Video chapters" of its
    help); shorter ones go together with those that follow, and lend them their names.
    """
    spans: list[tuple[int, list[str]]] = []
    time = 0
    for cue in _cues(video):
        if cue.start_ms > time:
            spans.append((time, []))
        spans.append((cue.start_ms, [label for label, _ in cue.actions]))
        time = cue.end_ms
    spans.append((time, []))
    chapters: list[tuple[int, list[str]]] = []
    for start, labels in spans:
        if chapters and start - chapters[-1][0] < YOUTUBE_LEAST_MS:
            chapters[-1][1].extend(labels)
        else:
            chapters.append((start, list(labels)))
    if len(chapters) > 1 and video.duration_sec * 1000 - chapters[-1][0] < YOUTUBE_LEAST_MS:
        chapters[-2][1].extend(chapters.pop()[1])
    return ''.join(f'{_short_clock(start)} {", ".join(dict.fromkeys(labels)) or NOTHING}\n'
                   for start, labels in chapters)


def _cues(video: ExportedVideo) -> list[Cue]:
    """Parts of time by the classes that are on, whatever their scores."""
    return cut_cues([dict(segment=(one.start_sec, one.end_sec), label=one.label, score=1.0)
                     for one in video.segments])


def _title(cue: Cue) -> str:
    return ', '.join(' '.join(label.split()) for label, _ in cue.actions)


def _escaped(text: str) -> str:
    escaped = re.sub(r'([=;#\\])', r'\\\1', text)
    return f'{escaped} ' if escaped.endswith('\\') else escaped   # else FFmpeg joins the next line


def _short_clock(milliseconds: int) -> str:
    minutes, second = divmod(milliseconds // 1000, 60)
    hours, minute = divmod(minutes, 60)
    return f'{hours}:{minute:02d}:{second:02d}' if hours else f'{minute}:{second:02d}'
