"""Detections as a project of VIA 3, of temporal segments.

The form is in the reader of labels. The class is the option of a select, `action`. VIA opens files
by a URL (loc 2), by their place on the disk where it runs from it too (loc 3), and asks its user,
file by file, for those of which neither is known (loc 1; _via_data.js, file_get_src).
"""
from __future__ import annotations

from collections.abc import Sequence

from mmlofi.datasets.annotations.labelling.via import VIDEO
from mmlofi.detections.exports.videos import ExportedVideo

ATTRIBUTE = 'action'
SELECT = 4
TEMPORAL = 'FILE1_Z2_XY0'
LOCAL, AT_URL, ON_DISK = 1, 2, 3


def to_via(videos: Sequence[ExportedVideo], classes: Sequence[str]) -> dict:
    """One project of all videos, a view for each, in their order."""
    options = {str(number): name for number, name in enumerate(classes, start=1)}
    keys = {name: number for number, name in options.items()}
    views = {str(number): video for number, video in enumerate(videos, start=1)}
    return dict(
        project=dict(pid='__VIA_PROJECT_ID__', rev='__VIA_PROJECT_REV_ID__',
                     rev_timestamp='__VIA_PROJECT_REV_TIMESTAMP__', pname='mmlofi',
                     creator='mmlofi', created=0, data_format_version='3.1.1',
                     vid_list=list(views)),
        config=dict(file=dict(loc_prefix={'1': '', '2': '', '3': '', '4': ''}),
                    ui=dict(file_content_align='center', file_metadata_editor_visible=True,
                            spatial_metadata_editor_visible=True,
                            spatial_region_label_attribute_id='')),
        attribute={'1': dict(aname=ATTRIBUTE, anchor_id=TEMPORAL, type=SELECT, desc=ATTRIBUTE,
                             options=options, default_option_id='')},
        file={view: dict(fid=int(view), fname=video.file, type=VIDEO,
                         loc=AT_URL if video.url else ON_DISK if video.path else LOCAL,
                         src=video.address if video.url or video.path else '')
              for view, video in views.items()},
        view={view: dict(fid_list=[int(view)]) for view in views},
        metadata={f'{view}_{number}': dict(
            vid=view, flg=0, z=[round(segment.start_sec, 3), round(segment.end_sec, 3)], xy=[],
            av={'1': keys[segment.label]})
            for view, video in views.items() for number, segment in enumerate(video.segments)})
