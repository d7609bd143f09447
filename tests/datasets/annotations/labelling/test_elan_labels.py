"""ELAN's files, as ELAN writes them."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmlofi.datasets.annotations.labelling.elan import read_elan
from mmlofi.datasets.annotations.labelling.rows import Labels

pytest.importorskip('pympi')
FILES = [Path('videos/monday one.mp4')]
# As ELAN 6 saves it, without its locale and the constraints that nothing refers to.
EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2023-03-29T13:10:49+10:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
 <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
  <MEDIA_DESCRIPTOR MEDIA_URL="file:///Users/me/sound.wav" MIME_TYPE="audio/x-wav"/>
  <MEDIA_DESCRIPTOR MEDIA_URL="file:///Users/me/monday%20one.mp4" MIME_TYPE="video/mp4"
   RELATIVE_MEDIA_URL="./monday%20one.mp4"{origin}/>
  <PROPERTY NAME="lastUsedAnnotationId">6</PROPERTY>
 </HEADER>
 <TIME_ORDER>
  <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="440"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2960"/>
  <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3620"/><TIME_SLOT TIME_SLOT_ID="ts4"/>
  <TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="7240"/>
 </TIME_ORDER>
 <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="actions">
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
   <ANNOTATION_VALUE>pour</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
   <ANNOTATION_VALUE>stir</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts5">
   <ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION>
 </TIER>
 <TIER LINGUISTIC_TYPE_REF="of" PARENT_REF="actions" TIER_ID="hand">
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a1">
   <ANNOTATION_VALUE>left</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
 </TIER>
 <TIER LINGUISTIC_TYPE_REF="parts" PARENT_REF="actions" TIER_ID="steps">
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a1">
   <ANNOTATION_VALUE>lift</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a6" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a5">
   <ANNOTATION_VALUE>tilt</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
 </TIER>
 <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt"
  TIME_ALIGNABLE="true"/>
 <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false"
  LINGUISTIC_TYPE_ID="of" TIME_ALIGNABLE="false"/>
 <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Subdivision" GRAPHIC_REFERENCES="false"
  LINGUISTIC_TYPE_ID="parts" TIME_ALIGNABLE="false"/>
</ANNOTATION_DOCUMENT>
"""


def read(tmp_path, origin='', files=FILES, text=EAF):
    (tmp_path / 'labels.eaf').write_text(text.replace('{origin}', origin))
    labels = Labels()
    read_elan(tmp_path / 'labels.eaf', labels, files)
    return labels


def test_annotations_of_all_tiers_are_in_seconds_of_the_video(tmp_path):
    labels = read(tmp_path)
    assert [(row.video, row.source, row.label, row.start_sec, row.end_sec) for row in labels.rows
            ] == [('monday one.mp4', 'actions', 'pour', 0.44, 2.96),
                  ('monday one.mp4', 'hand', 'left', 0.44, 2.96)]
    assert labels.left_over == {'annotations without times of their own': 3,
                                'annotations without a text': 1}


def test_a_shifted_medium_is_ahead_of_the_time_line_by_its_origin(tmp_path):
    rows = read(tmp_path, ' TIME_ORIGIN="1500"').rows
    assert (rows[0].start_sec, rows[0].end_sec) == pytest.approx((1.94, 4.46))
    rows = read(tmp_path, ' TIME_ORIGIN="-1000"').rows      # it begins before the video
    assert (rows[0].start_sec, rows[0].end_sec) == pytest.approx((0, 1.96))


def test_the_video_is_that_of_the_folder_or_of_the_file_s_own_name(tmp_path):
    other = EAF.replace('<PROPERTY', '<MEDIA_DESCRIPTOR MEDIA_URL="side.mp4" MIME_TYPE="video/mp4"'
                        '/><PROPERTY')
    labels = read(tmp_path, files=[Path('videos/side.mp4')], text=other)
    assert list(labels.videos) == ['side.mp4']
    assert labels.left_over['videos of the same time line'] == 1
    none = '\n'.join(line for line in EAF.splitlines() if 'MEDIA_' not in line
                     or 'MEDIA_FILE' in line)
    assert list(read(tmp_path, text=none).videos) == ['labels']


def test_what_is_no_eaf_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'labels\.eaf is no \.eaf that can be read .*save it'):
        read(tmp_path, text='no xml')
    with pytest.raises(ValueError, match="TIME_ORIGIN of a medium: 'x' is no number; expected mil"):
        read(tmp_path, ' TIME_ORIGIN="x"')
    faults = read(tmp_path, text=EAF.replace('REF2="ts2"', 'REF2="none"')).faults
    assert faults[0].startswith("tier 'actions': cannot be read (KeyError: \"'none'\"); expected "
                                'what ELAN writes')
    with pytest.raises(FileNotFoundError, match='expected one that ELAN wrote'):
        read_elan(tmp_path / 'none.eaf', Labels(), FILES)


def test_an_annotation_that_refers_to_itself_is_a_fault(tmp_path):
    alone = EAF.replace('"a4" ANNOTATION_REF="a1"', '"a4" ANNOTATION_REF="a4"')
    circle = EAF.replace('"a4" ANNOTATION_REF="a1"', '"a4" ANNOTATION_REF="a5"').replace(
        '"a5" ANNOTATION_REF="a1"', '"a5" ANNOTATION_REF="a4"')
    for text in (alone, circle):
        (fault,) = read(tmp_path, text=text).faults
        assert fault.startswith("tier 'hand': the annotation 'a")
        assert 'refers to itself, or to others that do; expected one with times' in fault
