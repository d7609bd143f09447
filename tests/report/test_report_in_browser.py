"""The page in a headless browser: headings sort, nothing is fetched, nothing complains."""
from __future__ import annotations

from pathlib import Path

import pytest
from page_examples import FIRST, SECOND, TRUTH, UGLY

from mmlofi.report import write_report

HELPERS = r"""
const names = () => [...document.querySelectorAll('#class-table tbody tr')]
  .filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
const headings = [...document.querySelectorAll('#class-table th button')];
const click = (start) => {
  const button = headings.find((one) => one.textContent.startsWith(start));
  button.click();
  return [names(), button.closest('th').getAttribute('aria-sort'),
          document.querySelectorAll('#class-table th[aria-sort]').length,
          document.getElementById('sort-status').textContent];
};
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('pages')
    write_report(path / 'one.html', TRUTH, dict(A=FIRST), num_videos=2)
    write_report(path / 'two.html', TRUTH, dict(A=FIRST, B=SECOND), num_videos=2)
    return path


def test_a_click_on_a_heading_sorts_and_a_second_one_turns_around(look, folder):
    seen, console = look(folder / 'two.html', HELPERS + """
        seen.first = names();
        seen.actions = click('actions');
        seen.actionsAgain = click('actions');
        seen.won = click('won');
        seen.classes = click('class');""")
    assert seen['first'] == [UGLY, 'run', 'jump']     # the greatest loss of AP first
    assert seen['actions'] == [['jump', 'run', UGLY], 'descending', 1,
                               'sorted by actions, descending']
    assert seen['actionsAgain'] == [[UGLY, 'run', 'jump'], 'ascending', 1,
                                    'sorted by actions, ascending']
    assert seen['won'][0][0] == 'jump'
    assert seen['classes'][:2] == [[UGLY, 'jump', 'run'], 'ascending']
    assert (seen['errors'], seen['refused'], seen['resources'], console) == ([], [], [], [])


def test_numbers_sort_as_numbers_and_classes_are_looked_for(look, folder):
    seen, console = look(folder / 'one.html', HELPERS + """
        document.querySelector('#class-table tbody tr').cells[1].dataset.value = '10';
        document.querySelectorAll('#class-table tbody tr')[1].cells[1].dataset.value = '';
        seen.before = names();
        seen.numbers = click('actions');
        const input = document.querySelector('input[data-filters]');
        input.value = 'JU';
        input.dispatchEvent(new Event('input'));
        seen.filtered = names();""")
    first, second, third = seen['before']
    assert seen['numbers'][0] == [first, third, second]     # 10, 1 or 2, and what has no number
    assert seen['filtered'] == ['jump']
    assert (seen['errors'], seen['resources'], console) == ([], [], [])


def test_bars_of_two_sets_are_as_long_as_their_values_whatever_their_names(look, tmp_path):
    write_report(tmp_path / 'names.html', TRUTH, {'a much longer name': FIRST, 'B': SECOND},
                 num_videos=1)
    seen, _ = look(tmp_path / 'names.html', r"""
        seen.bars = [...document.querySelectorAll('td.bar')].map((cell) => [
          Number(cell.style.getPropertyValue('--v')), cell.clientWidth,
          Number((getComputedStyle(cell).backgroundImage.match(/([\d.]+)px/) || [])[1])]);""")
    values, widths, lengths = zip(*seen['bars'])
    assert len(set(values)) > 5
    assert lengths == pytest.approx([64 * value / 100 for value in values], abs=0.1)
    assert min(widths) >= 64


def test_letters_of_drawings_can_be_read_on_a_telephone(look, folder):
    seen, _ = look(folder / 'two.html', """
        document.body.style.width = '420px';
        const texts = [...document.querySelectorAll('main svg text')];
        seen.pixels = texts.map((one) =>
          parseFloat(getComputedStyle(one).fontSize)
          * Math.hypot(one.getScreenCTM().a, one.getScreenCTM().b));   // b: upright ones
        seen.wide = document.documentElement.scrollWidth > innerWidth;""")
    assert len(seen['pixels']) > 30
    assert min(seen['pixels']) > 7.5
    assert not seen['wide']     # only the drawings scroll


def test_this_test_would_see_errors_and_requests(look, folder, tmp_path):
    page = tmp_path / 'bad.html'
    page.write_text((folder / 'one.html').read_text(encoding='utf-8').replace(
        '<main', '<img src="https://example.invalid/x.png"><script>missing();</script><main'),
        encoding='utf-8')
    seen, console = look(page, '')
    assert seen['errors'] == ['Uncaught ReferenceError: missing is not defined']
    assert seen['refused'] == ['https://example.invalid/x.png']
    assert len(console) == 2
