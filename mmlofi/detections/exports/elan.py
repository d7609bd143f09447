"""Detections as ELAN's annotations (.eaf), written by pympi-ling.

They are on the tier `detections`; those that overlap are on further ones, `detections 2`, …, as a
tier has no two annotations at a time. The texts are of a controlled vocabulary, so that a
correction is a choice among the classes. Times are whole milliseconds, the unit of the format.
`tools/make_annotations.py --take 'detections*'` reads them back.
"""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmlofi.datasets.annotations.labelling.elan import pympi_eaf
from mmlofi.detections.exports.videos import ExportedVideo, lanes
from mmlofi.files import whole_file

TIER = 'detections'
VOCABULARY = 'classes'
TYPE = 'class'
LANGUAGE = ('und', 'http://cdb.iso.org/lg/CDB-00130975-001', 'undetermined (und)')
MIME_TYPES = {'.mpg': 'video/mpeg', '.mpeg': 'video/mpeg', '.mp4': 'video/mp4',
              '.m4v': 'video/mp4', '.mov': 'video/quicktime'}


def write_elan(video: ExportedVideo, classes: Sequence[str], path: Path) -> None:
    """Writes the annotations of one video.

    Raises:
        ImportError: Without pympi.
    """
    eaf = pympi_eaf()(author='mmlofi')
    eaf.remove_tier('default')
    eaf.remove_linguistic_type('default-lt')
    eaf.add_language(*LANGUAGE)
    eaf.add_controlled_vocabulary(VOCABULARY)
    eaf.add_cv_description(VOCABULARY, LANGUAGE[0])
    for number, label in enumerate(classes):
        eaf.add_cv_entry(VOCABULARY, f'class{number}', [(label, LANGUAGE[0], None)])
    eaf.add_linguistic_type(TYPE, param_dict=dict(
        LINGUISTIC_TYPE_ID=TYPE, TIME_ALIGNABLE='true', GRAPHIC_REFERENCES='false',
        CONTROLLED_VOCABULARY_REF=VOCABULARY))
    eaf.add_linked_file(video.address, relpath=f'./{video.file}', mimetype=MIME_TYPES.get(
        Path(video.file).suffix.lower(), 'video/*'))
    for number, lane in enumerate(lanes(video.segments) or [[]], start=1):
        tier = TIER if number == 1 else f'{TIER} {number}'
        eaf.add_tier(tier, ling=TYPE)
        for segment in lane:
            start = round(segment.start_sec * 1000)
            end = max(round(segment.end_sec * 1000), start + 1)
            eaf.add_annotation(tier, start, end, segment.label)
    with whole_file(path) as partial:
        eaf.to_file(partial)
