"""The page as a parser sees it: numbers, names and nothing from elsewhere."""
from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from page_examples import FIRST, SECOND, TRUTH, UGLY, detections

from mmlofi.datasets.annotations import load_annotations
from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.report import write_report
from mmlofi.report.player_page import PlayedVideo, write_player_page

VOID = {'meta', 'link', 'input', 'br'}


class Page(HTMLParser):
    """Tables as lists of rows of texts, all attributes, headings; fails on tags left open."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.headings, self.open = {}, [], [], []
        self.text = ''
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == 'table':
            self.rows = self.tables[attributes.get('id', len(self.tables))] = []
        elif tag == 'tr':
            self.rows.append([])
        elif tag in ('td', 'th'):
            self.rows[-1].append('')

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if 'table' in self.open and ('td' in self.open or 'th' in self.open):
            self.rows[-1][-1] = f'{self.rows[-1][-1]} {data.strip()}'.strip()
        if self.open and self.open[-1] in ('h2', 'h3'):
            self.headings.append(data)


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """Of one set and of two."""
    folder = tmp_path_factory.mktemp('pages')
    write_report(folder / 'one.html', TRUTH, dict(A=FIRST), num_videos=2, subset='validation')
    write_report(folder / 'two.html', TRUTH, {'A': FIRST, UGLY: SECOND}, num_videos=2)
    return [Page((folder / name).read_text(encoding='utf-8')) for name in ('one.html', 'two.html')]


def test_one_set_has_all_parts(pages):
    page = pages[0]
    assert page.headings == [
        'mAP by tIoU', 'Classes', 'Recall against number of proposals', 'False positives',
        'What mAP would gain without them', 'What the actions are like', 'Time lines', 'Best',
        'Worst']
    assert 'Subset validation: 5 videos,' in page.text
    assert ' '.join(page.text.split()).count('7 actions of 3 classes; 6 detections') == 1
    assert 'won' not in {row[-1] for row in page.tables['class-table']}


@pytest.mark.filterwarnings('ignore:1 of 5 videos')
def test_numbers_are_those_of_the_scores(pages):
    scores = detection_map(TRUTH, FIRST)
    rows = {row[0]: row[1:] for row in pages[0].tables[0]}
    assert rows['0.75'] == [f'{100 * scores.mAP[5]:.2f}']
    assert rows['average'] == [f'{100 * scores.average_mAP:.2f}']
    table = pages[0].tables['class-table']
    assert table[0] == ['class', 'actions', 'AP', 'AP@0.50', 'AP@0.75', 'AP@0.95', 'found',
                        'found, %']
    assert ['jump', '4', '50.00', '50.00', '50.00', '50.00', '2', '50.0'] in table
    # The worst first, as the heading's aria-sort says.
    assert [row[2] for row in table[1:]] == ['50.00', '100.00', '100.00']


def test_two_sets_stand_side_by_side_with_what_is_won_and_lost(pages):
    page = pages[1]
    assert page.headings[-4:] == ['Won', 'Lost', 'Best', 'Worst']
    rows = {row[0]: row[1:] for row in page.tables[0]}
    assert rows['average'] == ['83.33', '50.00', '−33.33']
    assert ['jump', '4', '50.00', '100.00', '+50.00', '2', '4', '2', '0'] in page.tables[
        'class-table']
    assert ['run', '2', '100.00', '50.00', '−50.00', '2', '1', '0', '1'] in page.tables[
        'class-table']
    assert '2 and 2 of 7' in ' '.join(page.text.split())


def test_names_become_text_and_never_markup(pages):
    for page in pages:
        assert UGLY in page.text
        assert 'b' not in {tag for tag, _ in page.tags}
        assert sum(tag == 'script' for tag, _ in page.tags) == 1
        assert UGLY in {attributes.get('data-value') for _, attributes in page.tags}


def test_nothing_is_fetched(pages):
    for page in pages:
        for tag, attributes in page.tags:
            for name in ('src', 'href', 'srcset', 'action', 'data', 'poster'):
                address = attributes.get(name)
                assert address is None or address.startswith(('#', 'data:')), (tag, address)
        policies = [attributes['content'] for tag, attributes in page.tags
                    if attributes.get('http-equiv') == 'Content-Security-Policy']
        assert len(policies) == 1
        assert policies[0].startswith("default-src 'none';")
        styles = ' '.join(attributes.get('style', '') for _, attributes in page.tags)
        assert 'url(' not in styles + page.text
        assert '@import' not in page.text


def test_pictures_and_headings_can_be_heard(pages):
    for page in pages:
        ids = [attributes['id'] for _, attributes in page.tags if 'id' in attributes]
        assert len(ids) == len(set(ids))
        for tag, attributes in page.tags:
            if tag == 'svg':
                assert attributes.get('aria-hidden') == 'true' or attributes[
                    'aria-labelledby'] in ids
            if tag == 'a':
                assert attributes['href'][1:] in ids
            if tag == 'th':
                assert attributes['scope'] in ('col', 'row', 'colgroup')
        assert sum(tag == 'h1' for tag, _ in page.tags) == 1
        assert page.tags[0] == ('html', dict(lang='en'))


def test_the_gallery_is_bounded_and_can_be_left_out(tmp_path):
    write_report(tmp_path / 'page.html', TRUTH, dict(A=FIRST), num_videos=1)
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    videos = [tag for tag, attributes in page.tags if attributes.get('class') == 'video']
    assert len(videos) == 2
    write_report(tmp_path / 'page.html', TRUTH, dict(A=FIRST), num_videos=0)
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    assert 'Time lines' not in page.headings
    assert not [one for one in page.tags if one[1].get('href') == '#gallery']


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for name in ('a.html', 'b.html'):
        write_report(tmp_path / name, TRUTH, dict(A=FIRST, B=SECOND), bounds='quintiles')
    assert (tmp_path / 'a.html').read_bytes() == (tmp_path / 'b.html').read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.html', 'b.html']


def test_a_set_that_found_nothing_gets_a_page_with_the_reason(tmp_path):
    nothing = detections({one.name: [] for one in TRUTH})
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        (one,) = write_report(tmp_path / 'page.html', TRUTH, dict(A=nothing), tious='0.5,0.7')
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    assert '5 of 5 videos of the ground truth have no detection' in page.text
    assert one.notes
    assert ['average', '0.00'] in page.tables[0]


def test_a_set_that_knows_no_class_of_the_truth_gets_a_page_with_the_classes_of_both(tmp_path):
    other = replace(FIRST, classes=tuple(f'other {name}' for name in FIRST.classes))
    (one,) = write_report(tmp_path / 'page.html', TRUTH, dict(A=other))
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    assert ['average', '0.00'] in page.tables[0]
    (note,) = [note for note in one.notes if 'no label' in note]
    assert re.search(r"no label of the 6 detections .* 'other jump'.*'jump'.* is missed", note)
    assert note in page.text
    assert not one.found.any()


def test_what_is_ignored_costs_nothing_and_is_told(tmp_path, pages):
    truth = [replace(one, ignored_sec=((60.0, 70.0),)) if one.name == 'gains' else one
             for one in TRUTH]
    write_report(tmp_path / 'page.html', truth, dict(A=FIRST))
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    assert '1 segment ignored' in ' '.join(page.text.split())
    assert 'hatched is ignored' in page.text
    assert [one for one in page.tags if one[1].get('id') == 'hatched']
    assert sum(one[1].get('fill') == 'url(#hatched)' for one in page.tags) == 2   # and in a legend
    # Precision 2 of 2 down to the second jump that is found, not 2 of 3.
    assert ['background', '0.00', '0.00'] in page.tables[3]
    for other in pages:
        assert 'ignored' not in other.text


def test_one_tiou_and_no_durations_are_shown(tmp_path):
    truth = [replace(one, duration_sec=None) for one in TRUTH]
    write_report(tmp_path / 'page.html', truth, dict(A=FIRST), tious=0.5, bounds='thumos14')
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    assert page.tables['class-table'][0] == ['class', 'actions', 'AP', 'AP@0.50', 'found',
                                             'found, %']
    assert 'There is no coverage' in page.text
    assert re.search(r'XS to 3\b', ' '.join(row[0] for row in page.tables[5]))


@pytest.mark.parametrize(('sets', 'options', 'message'), [
    ({}, {}, 'got 0 sets of predictions; expected one, or two'),
    (dict(a=FIRST, b=FIRST, c=FIRST), {}, 'got 3 sets'),
    (dict(a=FIRST), dict(num_videos=-1), 'asked for -1 videos with 10 predictions'),
    (dict(a=FIRST), dict(top_k=0), 'with 0 predictions; expected at least'),
    (dict(a=FIRST), dict(match_tiou=1.5), 'tIoU thresholds'),
    (dict(a=FIRST), dict(bounds='mine'), "'quintiles' suits any data")])
def test_what_makes_no_sense_is_refused(sets, options, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)):
        write_report(tmp_path / 'page.html', TRUTH, sets, **options)
    assert not (tmp_path / 'page.html').exists()


def test_the_page_of_real_detections_has_the_official_scores(reference_data, tmp_path):
    folder = reference_data / 'reference' / 'evaluation'
    expected = json.loads((folder / 'anet_394.expected.json').read_text())
    truth = load_annotations(folder / 'anet_394.ground_truth.json', 'validation')
    found = load_detections(folder / 'anet_394.predictions.json.gz')
    write_report(tmp_path / 'page.html', truth, dict(A=found))
    page = Page((tmp_path / 'page.html').read_text(encoding='utf-8'))
    for name, value in [*expected['mAP'].items(), ('average', expected['average_mAP'])]:
        assert [name, f'{100 * value:.2f}'] in page.tables[0]
    AP = {row[0]: row[2] for row in page.tables['class-table'][1:]}
    assert AP == {name: f'{100 * value:.2f}'
                  for name, value in expected['per_class_average_AP'].items()}
    assert (tmp_path / 'page.html').stat().st_size < 500_000


def test_a_page_of_players_names_files_that_are_no_utf_8(tmp_path):
    file = tmp_path / 'a \udcff.mp4'
    write_player_page(tmp_path / 'page.html', [PlayedVideo(
        name='a', file=file, duration_sec=1.0, found=())], colours={})
    assert '"source": "a%20%FF.mp4"' in (tmp_path / 'page.html').read_text()
