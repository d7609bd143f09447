"""The program that trains the paper's table, with its rivals, on the procedural benchmark."""
from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlofi.procedural import Benchmark, clips, untrimmed_videos
from mmlofi.procedural.benchmark import prepare_folder

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / 'benchmarks' / 'procedural_table.py'
AFTER_STAGE_1 = ('acp_plus', 'tsp', 'arrow', 'speed', 'bsp')


@pytest.fixture(scope='module')
def rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'benchmarks')
        yield importlib.import_module('procedural_rows')


@pytest.fixture
def load(rows, monkeypatch):
    def of_world(row: str, world: str) -> Config:
        monkeypatch.setenv('TOY_WORLD', world)
        return Config.fromfile(ROOT / 'configs/toy' / rows.ROWS[row].config)
    return of_world


def test_the_rows_are_the_papers_their_rivals_and_the_ceiling(rows):
    assert [row.title for row in rows.ROWS.values()] == [
        'ICP', 'ACP', 'ACP+', 'TSP', 'TSP by AdamW', 'Arrow of Time', 'SpeedNet',
        'after the idea of BSP', 'ACP + Arrow', 'ACP + Speed', 'S-LoFi', 'T-LoFi', 'ST-LoFi',
        'Short C-LoFi', 'Long C-LoFi', 'full fidelity', 'Short C-LoFi from TSP',
        'Long C-LoFi from TSP', 'TSP from TSP', 'Short C-LoFi from itself']
    assert {name: row.start for name, row in rows.ROWS.items() if row.start != 'acp'} == {
        'icp': None, 'acp': None, 'arrow': None, 'speed': None, 'bsp': None, 'acp_arrow': None,
        'acp_speed': None, 'tsp_short': 'tsp', 'tsp_long': 'tsp', 'tsp_tsp': 'tsp',
        'short_short': 'short'}


def test_rows_of_stage_2_differ_by_the_cycle_alone(rows, load):
    long = load('long', 'scenes')
    assert set(rows.STAGE_2) == {'s', 't', 'st', 'short', 'long', 'full', 'tsp_short', 'tsp_long',
                                 'short_short'}
    for row in ('s', 't', 'st', 'short', 'full'):
        other = load(row, 'scenes')
        assert other.custom_hooks != long.custom_hooks
        other.custom_hooks = long.custom_hooks
        assert other.to_dict() == long.to_dict()


def test_tsp_by_adamw_is_tsp_with_the_optimizer_of_lofi(load):
    tsp, by_adamw = load('tsp', 'scenes'), load('tsp_adamw', 'scenes')
    assert by_adamw.optim_wrapper.optimizer == load('short', 'scenes').optim_wrapper.optimizer
    assert by_adamw.optim_wrapper.optimizer != tsp.optim_wrapper.optimizer
    by_adamw.optim_wrapper.optimizer = tsp.optim_wrapper.optimizer
    assert by_adamw.to_dict() == tsp.to_dict()


def background_segments(benchmark: Benchmark, least_sec: float = 1.5) -> tuple[int, int]:
    """How many actions the training videos have, and how many gaps of that length."""
    actions = gaps = 0
    for video in untrimmed_videos(benchmark)[:benchmark.train_videos]:
        end, segments = 0.0, [segment for segment, _ in video.actions()]
        for start, stop in [*segments, (video.trajectory().duration_sec, None)]:
            gaps += start - end >= least_sec
            end = stop
        actions += len(segments)
    return actions, gaps


@pytest.mark.parametrize(('world', 'benchmark'), [
    ('scenes', Benchmark()), ('scenes_brief', Benchmark()),
    ('both', Benchmark(scene_and_motion=True, difficulty=0, classes=6, train_videos=120,
                       clips_per_class=80))])
def test_after_stage_1_all_rows_have_as_many_updates_of_as_many_pixels(world, benchmark, load):
    long = load('long', world)
    batch = long.train_dataloader.batch_size
    updates = benchmark.train_videos // batch * long.train_cfg.max_epochs
    frames = batch * long.num_snippets * long.clip_len // 4              # at the full side
    actions, gaps = background_segments(benchmark)
    shown = len(clips(benchmark, 'train'))
    items = dict(acp_plus=actions, arrow=2 * shown, speed=2 * shown, bsp=4 * shown)
    for row in AFTER_STAGE_1:
        cfg = load(row, world)
        if row == 'tsp':
            pipeline = cfg.train_dataloader.dataset.pipeline
            (sampled,) = [one for one in pipeline if one.type == 'ClipInSegment']
            items['tsp'] = (actions + gaps) * sampled.clips_per_segment
        batch = cfg.train_dataloader.batch_size
        assert batch * cfg.clip_len == frames, row
        assert items[row] // batch * cfg.train_cfg.max_epochs == pytest.approx(
            updates, rel=0.051), row


def test_two_encoders_features_lie_side_by_side_in_all_of_stage_3(load):
    two = Config.fromfile(ROOT / 'configs/toy/gtad_two_toy.py')
    for loader in (two.train_dataloader, two.val_dataloader, two.test_dataloader):
        assert [one.type for one in loader.dataset.pipeline] == [
            'LoadSnippetFeatures', 'AppendFeatures', 'PackTALInputs']
    assert two.model.head.in_channels == two.model.class_scores.in_channels == 2 * two.feat_dim


@pytest.fixture
def run(warm_python):
    def run(*arguments: object) -> str:
        done = subprocess.run(['python', str(SCRIPT), *map(str, arguments)],
                              env=os.environ | warm_python, capture_output=True, text=True,
                              timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


def test_results_of_the_same_videos_at_another_budget_are_refused(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    table = importlib.import_module('procedural_table')
    prepare_folder(tmp_path, Benchmark())
    kept = ROOT / 'benchmarks/results/scenes_brief'
    assert 'tsp' in table.Results(kept, 0, table.trained_on(tmp_path, 'scenes_brief'))
    with pytest.raises(ValueError, match='give another --results'):
        table.Results(kept, 0, table.trained_on(tmp_path, 'scenes'))


def test_results_that_are_not_there_are_named_in_a_line(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), '--from-results', str(tmp_path)])
    with pytest.raises(SystemExit, match=r'^procedural_table: .* has no seed\*.json; expected'):
        importlib.import_module('procedural_table').main()


@pytest.mark.slow
def test_a_second_call_trains_nothing_again_and_results_alone_give_the_table(run, tmp_path):
    options = '--smoke', '--world', 'both', '--out', tmp_path / 'out', '--seeds', 3
    first = run(*options, '--rows', 'acp', 'tsp_tsp', 'acp_arrow')
    assert [line.split(':')[0] for line in first.splitlines() if line.startswith('seed')] == [
        f'seed3/{name}' for name in ('acp', 'acp_gtad', 'tsp', 'tsp_tsp', 'tsp_tsp_gtad',
                                     'arrow', 'acp_arrow_gtad')]
    second = run(*options, '--rows', 'acp', 'tsp_tsp')
    assert not [line for line in second.splitlines() if line.startswith('seed')]
    table = (tmp_path / 'out/table.md').read_text()
    assert [line.split(' |')[0] for line in table.splitlines()[2:]] == [
        '| ACP', '| ACP + Arrow', '| TSP from TSP']
    assert table in first
    assert table in second
    assert run('--from-results', tmp_path / 'out/results').strip() == table.strip()
