"""The distances on the page of adapters are those of the transforms."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmlofi import Fidelity
from mmlofi.datasets.transforms import SampleSnippets

PAGE = (Path(__file__).parents[2] / 'docs' / 'adapters.md').read_text()
FULL = dict(even=(dict(num_snippets=100, frame_interval=4), 3600),
            contiguous=(dict(num_snippets=48, frame_interval=4, placement='contiguous'), 3072))
ROWS = [row.split('|')[1:-1] for row in PAGE.splitlines()
        if '| even |' in row or '| contiguous |' in row]


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row[0].strip())
def test_neighbours_are_as_far_apart_as_the_page_says(row):
    snippets, inside, across, second = (int(cell.split()[0].strip(':').replace('−', '-'))
                                        for cell in (row[0], row[2], row[3].replace(':', ' '),
                                                     row[4]))
    settings, frames = FULL[row[1].strip()]
    fidelity = Fidelity('it', temporal=settings['num_snippets'] / snippets)
    chosen = SampleSnippets(clip_len=16, **settings)(dict(
        total_frames=frames, avg_fps=30, frame_rate=30.0, duration_sec=frames / 30,
        fidelity=fidelity, test_mode=True, first_snippet=0 if row[1].strip() == 'contiguous'
        else None))['frame_inds'].reshape(snippets, 16)
    middle = snippets // 2
    steps = chosen[middle:middle + 2, ::2]
    assert abs(steps[0, 4] - steps[0, 3] - inside) <= 1
    assert abs(steps[1, 0] - steps[0, -1] - across) <= 1
    assert abs(steps[1, 0] - steps[0, 0] - second) <= 1


def test_there_is_a_row_for_each_number_of_snippets():
    assert [row[0].split()[0] for row in ROWS] == ['100', '50', '25', '48', '24', '12']
