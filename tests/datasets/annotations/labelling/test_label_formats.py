"""Which program's reader a file goes to, by what is in it."""
from __future__ import annotations

import zipfile

import pytest

from mmlofi.datasets.annotations.labelling.formats import read_labels

HEAD = 'Observation id{0}Media file{0}Behavior{0}Behavior type{0}Start (s){0}Stop (s)\n'


@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_aggregated_events_of_any_delimiter_go_to_boris(tmp_path, delimiter):
    row = delimiter.join(['one', 'a.mp4', 'stir', 'STATE', '1.8', '2.5'])
    (tmp_path / 'events.csv').write_text(HEAD.format(delimiter) + row + '\n')
    (row,) = read_labels([tmp_path / 'events.csv'], []).rows
    assert (row.video, row.source, row.start_sec, row.end_sec) == ('a.mp4', 'stir', 1.8, 2.5)


@pytest.mark.parametrize('text', ['x' * 140_000, HEAD.format(',') + 'x' * 140_000])
def test_a_field_that_csv_takes_for_too_long_is_an_error_of_its_file(tmp_path, text):
    (tmp_path / 'long.csv').write_text(text)
    with pytest.raises(ValueError, match=r'long\.csv.* cannot be parted into columns \(field l'):
        read_labels([tmp_path / 'long.csv'], [])


def test_a_workbook_is_to_be_saved_as_csv(tmp_path):
    with zipfile.ZipFile(tmp_path / 'segments.xlsx', 'w') as archive:
        archive.writestr('xl/workbook.xml', bytes(range(256)))
    with pytest.raises(ValueError, match=r'xlsx is no text in UTF-8 .*save the spreadsheet as'):
        read_labels([tmp_path / 'segments.xlsx'], [])
