"""The formats by name, and their files."""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from mmlofi.datasets.annotations.labelling.elan import pympi_eaf
from mmlofi.detections.exports.audacity import to_audacity
from mmlofi.detections.exports.chapters import to_ffmetadata, to_webvtt, to_youtube
from mmlofi.detections.exports.cvat import to_cvat
from mmlofi.detections.exports.elan import write_elan
from mmlofi.detections.exports.label_studio import to_interface, to_tasks
from mmlofi.detections.exports.otio import import_otio, to_otio
from mmlofi.detections.exports.praat import write_textgrid
from mmlofi.detections.exports.via import to_via
from mmlofi.detections.exports.videos import ExportedVideo
from mmlofi.files import file_stems, write_json, write_text

Writer = Callable[[ExportedVideo, Sequence[str], Path], None]


def _text(make: Callable[[ExportedVideo, Sequence[str]], str]) -> Writer:
    return lambda video, classes, path: write_text(path, make(video, classes))


# A file a video, by what is behind the video's name.
OF_A_VIDEO: dict[str, tuple[str, Writer]] = {
    'audacity': ('.labels.txt', _text(lambda video, _: to_audacity(video))),
    'cvat': ('.cvat.xml', _text(to_cvat)),
    'elan': ('.eaf', write_elan),
    'ffmetadata': ('.ffmetadata', _text(lambda video, _: to_ffmetadata(video))),
    'otio': ('.otio', _text(to_otio)),
    'praat': ('.TextGrid', lambda video, _, path: write_textgrid(video, path)),
    'webvtt': ('.chapters.vtt', _text(lambda video, _: to_webvtt(video))),
    'youtube': ('.youtube.txt', _text(lambda video, _: to_youtube(video)))}
EXPORTS = tuple(sorted([*OF_A_VIDEO, 'label_studio', 'via']))


def require_libraries(names: Sequence[str]) -> None:
    """Fails now, where `write_exports` would fail after hours of work for what it writes.

    Raises:
        ImportError: When a format's library is not installed, with what to install.
    """
    if {'elan', 'praat'} & set(names):
        pympi_eaf()
    if 'otio' in names:
        import_otio()


def write_exports(names: Sequence[str], videos: Sequence[ExportedVideo], classes: Sequence[str],
                  folder: Path) -> list[Path]:
    """Writes the files of some formats; each is there as a whole or not at all.

    Args:
        names: Of `EXPORTS`.
        videos: In the order that they are to be looked at.
        classes: All, also those of which nothing was found: people correct to them.
        folder: Where the files go.

    Raises:
        CannotWrite: When there is no room, say.
        FileNotFoundError, ValueError: Of 'cvat' and 'otio', when a video cannot be opened.
        ImportError: When a format's library is not installed.
    """
    written, stems = [], file_stems(video.name for video in videos)
    for name in dict.fromkeys(names):
        if name == 'label_studio':
            written += [folder / 'label_studio.json', folder / 'label_studio.xml']
            write_text(written[-2], json.dumps(to_tasks(videos), indent=1, ensure_ascii=False))
            write_text(written[-1], to_interface(classes))
        elif name == 'via':
            written.append(folder / 'via.json')
            write_json(written[-1], to_via(videos, classes))
        else:
            ending, write = OF_A_VIDEO[name]
            for video in videos:
                written.append(folder / f'{stems[video.name]}{ending}')
                write(video, classes, written[-1])
    return written
