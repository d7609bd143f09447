"""The contact sheet of a video's snippets."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmlofi.fidelity import FULL, Fidelity
from mmlofi.visualization.contact_sheet import Strip, plot_contact_sheet, row_image, split_rows

PAGE = 1600
S = Fidelity('S', spatial=2)
CLASSES = ('jump', 'run')


def strip(L=8, side=32, fidelity=FULL, T=3, segments=((0.25, 0.5),), labels=('jump',),
          window_sec=(0.0, 40.0)):
    """Frames of one grey value each: 10 · snippet + frame, modulo 256."""
    values = 10 * np.arange(L)[:, None] + np.arange(T)                          # (L, T)
    frames = np.broadcast_to(values[:, None, :, None, None] % 256, (L, 3, T, side, side))
    return Strip(fidelity, frames.astype(np.uint8), np.reshape(segments, (-1, 2)).astype(float),
                 labels, window_sec)


@pytest.fixture
def figure(monkeypatch):
    """What was drawn, read from the figure that is saved."""
    saved = []
    monkeypatch.setattr('mmlofi.visualization.contact_sheet.save_figure',
                        lambda figure, *_, **__: saved.append(figure))
    return saved


def bars(axes):
    """(left, right, lowest) of the actions on a time line."""
    return [(path.vertices[:, 0].min(), path.vertices[:, 0].max(), path.vertices[:, 1].max())
            for collection in axes.collections for path in collection.get_paths()]


def test_the_picture_is_written_and_is_the_same_each_time(tmp_path):
    for name in ('one.png', 'new/two.png'):
        plot_contact_sheet([strip(), strip(4, 64, S)], tmp_path / name, classes=CLASSES,
                           title='video')
    one = (tmp_path / 'one.png').read_bytes()
    assert one[:4] == b'\x89PNG'
    assert one == (tmp_path / 'new' / 'two.png').read_bytes()


@pytest.mark.parametrize('side', [32, 45])
def test_a_frame_in_the_picture_has_its_own_pixels(side, tmp_path):
    shown = strip(4, side)
    rng = np.random.default_rng(0)
    shown.frames[:] = rng.integers(0, 256, shown.frames.shape, np.uint8)
    plot_contact_sheet([shown], tmp_path / 'p.png', classes=CLASSES)
    picture = cv2.imread(str(tmp_path / 'p.png'))[..., ::-1]
    for frames in shown.frames:
        middle = np.ascontiguousarray(frames[:, 1].transpose(1, 2, 0))
        difference = cv2.matchTemplate(picture.copy(), middle, cv2.TM_SQDIFF)
        assert difference.min() < 1e-3 * middle.astype(float).sum()
        y, x = np.unravel_index(difference.argmin(), difference.shape)
        np.testing.assert_array_equal(picture[y:y + side, x:x + side], middle)


def test_a_strip_that_fits_has_one_row_over_the_whole_page():
    (row,) = split_rows(strip(8, 64), PAGE)
    assert (row.first, row.last, row.cell) == (0, 8, 200)


def test_a_longer_strip_has_few_rows_of_about_equal_length():
    rows = list(split_rows(strip(100, 112), PAGE))
    assert [(row.first, row.last) for row in rows] == [
        *((first, first + 13) for first in range(0, 91, 13)), (91, 100)]
    assert rows[0].cell == PAGE / 13 >= 112


def test_a_frame_as_wide_as_the_page_has_a_row_of_its_own():
    assert [row.cell for row in split_rows(strip(3, 40), 40)] == [40, 40, 40]


def test_the_middle_frame_of_each_snippet_lies_in_the_middle_of_its_cell():
    (row,) = split_rows(strip(8, 64), PAGE)
    image = row_image(row)
    assert image.shape == (64, PAGE, 3)
    for snippet in range(8):
        cell = image[:, 200 * snippet:200 * (snippet + 1)]
        assert (cell[:, 68:132] == 10 * snippet + 1).all()
        assert (cell[:, :68] == 255).all()
        assert (cell[:, 132:] == 255).all()


def test_the_truth_lies_below_the_snippets_that_stand_for_its_time(figure):
    plot_contact_sheet([strip(8, window_sec=(10, 50))], 'p.png', classes=CLASSES)
    (axes,) = figure[0].axes
    assert axes.get_xlim() == (10, 50)
    assert bars(axes)[0][:2] == pytest.approx((20, 30))
    assert list(axes.get_xticks(minor=True)) == [10, 15, 20, 25, 30, 35, 40, 45, 50]
    box = axes.get_window_extent()
    assert (box.x0, box.x1) == pytest.approx((24, 24 + PAGE))


def test_each_row_of_a_strip_has_its_part_of_the_time_line(figure):
    plot_contact_sheet([strip(40, 112)], 'p.png', classes=CLASSES)
    assert [axes.get_xlim() for axes in figure[0].axes] == [(0, 14), (14, 28), (28, 40)]
    width = [axes.get_window_extent().width for axes in figure[0].axes]
    assert width == pytest.approx([PAGE, PAGE, PAGE * 12 / 14])


def test_actions_that_overlap_lie_below_each_other_in_the_colour_of_their_class(figure):
    plot_contact_sheet([strip(segments=((0, 0.5), (0.25, 1)), labels=('run', 'jump'))], 'p.png',
                       classes=CLASSES)
    lowest = [low for _, _, low in bars(figure[0].axes[0])]
    assert lowest[0] < lowest[1]
    assert [text.get_text() for text in figure[0].legends[0].get_texts()] == ['jump', 'run']


def test_a_video_without_actions_has_an_empty_time_line(figure):
    plot_contact_sheet([strip(segments=(), labels=())], 'p.png', classes=CLASSES)
    assert bars(figure[0].axes[0]) == []


def test_a_strip_says_what_it_is(figure):
    plot_contact_sheet([strip(100, 112, S, T=8)], 'p.png', title='v_1', classes=CLASSES)
    texts = [text.get_text() for text in figure[0].texts]
    assert texts == ['v_1', 'S: r_t = 1, r_s = 2; 100 snippets × 8 frames × 112 × 112, '
                            '25% of the pixels']


def test_frames_that_the_model_would_not_get_are_refused():
    with pytest.raises(ValueError, match=r'frames float32 \(2, 3, 4, 8, 8\); expected uint8 .*: '
                                         'pack them by FormatShape'):
        Strip(FULL, np.zeros((2, 3, 4, 8, 8), np.float32), np.zeros((0, 2)), (), (0, 1))
    with pytest.raises(ValueError, match=r'frames uint8 \(128, 32\)'):
        Strip(FULL, np.zeros((128, 32), np.uint8), np.zeros((0, 2)), (), (0, 1))


def test_no_strip_is_refused():
    with pytest.raises(ValueError, match='0 strips; expected one or more: name a fidelity'):
        plot_contact_sheet([], 'p.png', classes=CLASSES)
