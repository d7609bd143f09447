"""A page that plays videos beside what was found in them, and lets a viewer correct it.

One file of HTML that needs no server and no network; the videos stay where they are, and the page
names them by their place beside it. Corrections are kept by the browser and saved as annotations.
"""
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import av
from markupsafe import Markup

from mmlofi.detections.predictions import Detections
from mmlofi.files import CannotWrite, write_text
from mmlofi.report.rendering import render


@dataclass(frozen=True, kw_only=True)
class PlayedVideo:
    """A video of the page."""

    name: str
    file: Path                 # that a browser plays
    duration_sec: float
    found: Sequence[Mapping]   # of ActivityNet's "results": {"segment", "label", "score"}
    subset: str = 'training'   # of what is saved as annotations
    actions: Sequence[Mapping] = field(default_factory=tuple)   # annotated: {"segment", "label"}
    source: str | None = None  # address of the file; None: its place beside the page


def write_player_page(path: str | os.PathLike, videos: Sequence[PlayedVideo], *,
                      colours: Mapping[str, str], title: str = 'Detections') -> None:
    """Writes the page.

    Args:
        path: Of the page; folders above it are made.
        videos: In the order of the page.
        colours: Of all classes, by name, as `class_colours` gives them; a viewer may add others.
        title: Of the page.

    Raises:
        ValueError: When there is no video, or a name comes twice.
        OSError: When the page cannot be written.
    """
    write_text(path, player_page(videos, Path(path).parent, colours=colours, title=title))


def player_page(videos: Sequence[PlayedVideo], folder: Path, *, colours: Mapping[str, str],
                title: str, back: str | None = None) -> str:
    """The page's text.

    Args:
        videos: As `write_player_page`.
        folder: That the page lies in.
        colours: As `write_player_page`.
        title: As `write_player_page`.
        back: Address that it leads back to, of a server's.

    Raises:
        ValueError: As `write_player_page`.
    """
    names = [video.name for video in videos]
    if not names or len(set(names)) < len(names):
        raise ValueError(f'got {len(names)} videos of {len(set(names))} names; expected one or '
                         'more, each with a name of its own')
    content = dict(colours=dict(colours), videos=[_content(video, folder) for video in videos])
    content['id'] = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
    return render('player.html', title=title, content=_embedded(content), back=back)


@contextmanager
def leaving_out(name: str, left_out: dict[str, Exception]) -> Iterator[None]:
    """Notes why a video cannot be played, so that the page has the others.

    Raises:
        CannotWrite: When a copy finds no room, say, which the next one's will not find either.
    """
    try:
        yield
    except CannotWrite:
        raise
    except (OSError, ValueError, av.error.FFmpegError) as error:
        left_out[name] = error


def detections_by_video(detections: Detections) -> dict[str, list[dict]]:
    """As `PlayedVideo.found` takes them, best first."""
    return {name: sorted(found, key=lambda one: -one['score'])
            for name, found in detections.to_results().items()}


def _content(video: PlayedVideo, folder: Path) -> dict:
    return dict(name=video.name, source=video.source or _address(video.file, folder),
                duration=round(video.duration_sec, 3), subset=video.subset,
                found=[[*_rounded(one), one['label'], round(one['score'], 6)]
                       for one in video.found],
                actions=[[*_rounded(one), one['label']] for one in video.actions])


def _rounded(one: Mapping) -> list[float]:
    return [round(float(second), 3) for second in one['segment']]


def _address(file: Path, folder: Path) -> str:
    """Relative to the page, so that both can be moved together."""
    return quote(os.fsencode(os.path.relpath(os.path.realpath(file), os.path.realpath(folder))))


def _embedded(content: Mapping) -> Markup:
    """Json inside a script element, which no text in it can end."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False)
    return Markup(text.replace('<', '\\u003c'))
