"""The schedule that is shown before a training."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.dataset import DefaultSampler

from mmlofi import FidelitySchedule
from mmlofi.datasets import FidelityBatchSampler, load_annotations

ROOT = Path(__file__).parents[2]
ANET = ('--num-videos', 10024, '--gpus', 4)
FEATURES = [dict(type='LoadSnippetFeatures', num_snippets=100), dict(type='PackTALInputs')]


@pytest.fixture
def plan(call_tool, capsys):
    """The lines that the tool prints of the schedule."""
    def run(config: object, *arguments: object) -> list[str]:
        call_tool('plan.py', ROOT / config, '--schedule-only', *arguments)
        return capsys.readouterr().out.splitlines()
    return run


@pytest.fixture
def refusal(call_tool):
    """The message with which the tool ends."""
    def run(config: object, *arguments: object) -> str:
        with pytest.raises(SystemExit) as stop:
            call_tool('plan.py', ROOT / config, *arguments)
        return str(stop.value)
    return run


@pytest.fixture
def write_config(tmp_path):
    """Writes a config of statements after those of a shipped one."""
    def write(base: str, *statements: str) -> Path:
        path = tmp_path / 'config.py'
        path.write_text('\n'.join([f'_base_ = {str(ROOT / base)!r}', *statements]))
        return path
    return write


@pytest.fixture
def write_features_config(tmp_path):
    """Writes a config of a training on features, with this data set."""
    def write(dataset: dict, **loader: object) -> Path:
        loader = dict(batch_size=4, sampler=dict(type='DefaultSampler'), dataset=dataset) | loader
        path = tmp_path / 'features.py'
        path.write_text(f'train_dataloader = {loader!r}\ntrain_cfg = dict(max_epochs=2)\n')
        return path
    return write


def cells(lines: list[str], header: str = 'epochs') -> list[list[str]]:
    """Rows of the first table whose header starts so, without the lines of text in it."""
    start = next(place for place, line in enumerate(lines) if line.split()[:1] == [header])
    end = next(place for place, line in enumerate(lines) if place > start and (
        not line or line.startswith('batch: ')))
    return [line.split() for line in lines[start + 1:end] if not line.startswith(('…', 'phase'))]


def test_the_long_cycle_of_the_paper_is_a_row_an_epoch(plan):
    lines = plan('configs/lofi_tsm_anet.py', *ANET)
    assert lines[1] == ('10,024 videos on 4 GPUs: 15 epochs of 626 steps, 9,390 steps in all; 8 '
                        'videos left out of an epoch')
    rows = cells(lines)
    assert len(rows) == 15
    assert rows[:4] == [['1', '1-626', 'S', '100', '112', '4', '25.0%'],
                        ['2', '627-1,252', 'T', '25', '224', '4', '25.0%'],
                        ['3', '1,253-1,878', 'ST', '50', '158', '4', '24.9%'],
                        ['4', '1,879-2,504', 'S', '100', '112', '4', '25.0%']]
    assert cells(lines, 'fidelity') == [['S', '5', '3,130', '50,080', '33.4%'],
                                        ['T', '5', '3,130', '50,080', '33.4%'],
                                        ['ST', '5', '3,130', '50,080', '33.2%']]
    assert lines[-1] == ('cost: 0.250 of training the same 150,240 videos at full fidelity; as '
                         'much as 37,498 of them')


def test_the_short_cycle_shows_a_round_and_how_it_goes_on(plan):
    lines = plan('configs/lofi_short_tsm_anet.py', *ANET)
    assert [row[:3] for row in cells(lines)] == [
        ['1', '1-16', 'S'], ['1', '17-32', 'T'], ['1', '33-48', 'ST']]
    assert '… and so on, S T ST in turn, to epoch 15, step 9,390: 584 more rows (--all)' in lines
    assert [row[1:3] for row in cells(lines, 'fidelity')] == [
        ['5.01', '3,136'], ['5.006', '3,134'], ['4.984', '3,120']]


def test_all_prints_every_row_also_of_one_that_spans_two_epochs(plan):
    rows = cells(plan('configs/lofi_short_tsm_anet.py', *ANET, '--all'))
    assert len(rows) == 587
    assert rows[39][:3] == ['1-2', '625-640', 'S']
    assert rows[-1][:3] == ['15', '9,377-9,390', 'T']


def test_steps_that_share_an_update_are_said(plan):
    lines = plan('configs/lofi_tsm_r50_anet.py', *ANET)
    assert ': 15 epochs of 2,504 steps, 37,560 steps in all; 8 videos left out' in lines[1]
    assert lines[2] == '4 steps make a weight update, at one fidelity'


def test_the_toys_videos_are_counted_in_its_annotation_file(plan):
    lines = plan('configs/toy/lofi_toy.py')
    assert lines[1] == ('6 videos on 1 GPU: 36 epochs of 1 steps, 36 steps in all; 2 videos left '
                        'out of an epoch')
    assert cells(lines) == [['1', '1', 'S', '32', '32', '4', '25.0%'],
                            ['2', '2', 'T', '8', '64', '4', '25.0%'],
                            ['3', '3', 'ST', '16', '46', '4', '25.8%']]   # 46 and not 45.25


def test_a_number_of_videos_replaces_those_of_the_file(plan):
    assert plan('configs/toy/lofi_toy.py', '--num-videos', 80)[1].startswith(
        '80 videos on 1 GPU: 36 epochs of 20 steps, 720 steps in all; 0 videos left out')


def test_phases_weights_batch_sizes_and_lr_factors_are_shown(plan, write_config):
    config = write_config(
        'configs/lofi_tsm_anet.py',
        "custom_hooks = [dict(type='LoFiCycleHook', priority='LOW', phases=[",
        "    dict(epochs=2, cycle=[dict(name='tiny', temporal=2, spatial=2)]),",
        "    dict(epochs=3, by='iter', interval=10, weights=[2, 1], cycle=[",
        "        dict(name='S', spatial=2, batch_size=8, lr_factor=2.0),",
        "        dict(name='T', temporal=4)]),",
        "    dict(cycle=[dict(name='full')])])]",
        'train_cfg = dict(max_epochs=6)')
    lines = plan(config, *ANET)
    assert lines[1].startswith('10,024 videos on 4 GPUs: 6 epochs of 375-626 steps, 3,006 steps')
    assert [line for line in lines if line.startswith('phase')] == [
        'phase 1, by epoch', 'phase 2, by iter', 'phase 3, by epoch']
    # S, T, S: two S meet where a round ends, so that its row has 20 steps.
    table = [line.split() for line in lines]
    assert ['3', '1,273-1,292', 'S', '100', '112', '8', '2', '25.0%'] in table
    assert cells(lines, 'fidelity') == [['tiny', '2', '1,252', '20,032', '12.5%'],
                                        ['S', '1.995', '750', '24,000', '30.0%'],
                                        ['T', '1.005', '378', '6,048', '7.5%'],
                                        ['full', '1', '626', '10,016', '50.0%']]
    assert lines[-1].startswith('cost: 0.333 of training the same 60,096 videos')


def test_features_have_no_side_and_a_smaller_last_batch(plan):
    lines = plan('configs/gtad_tsm_anet.py', '--num-videos', 10024)
    assert cells(lines) == [['1-10', '1-6,270', 'full', '100', '-', '8-16', '100.0%']]
    assert lines[-1].startswith('cost: 1.000 of')


def test_a_side_that_does_not_follow_the_fidelity_is_noted_and_costs(plan, write_config):
    config = write_config(
        'configs/lofi_tsm_anet.py',
        "_base_.train_dataloader.dataset.pipeline[4] = dict(type='RandomCrop', size=224)")
    lines = plan(config, *ANET)
    assert lines[2].startswith('NOTE: the last transform with a size in pixels gives the same side')
    assert cells(lines)[0] == ['1', '1-626', 'S', '100', '224', '4', '100.0%']


def test_a_side_is_the_named_argument_at_its_divisor(plan, write_config):
    config = write_config(
        'configs/lofi_tsm_anet.py',
        "_base_.train_dataloader.dataset.pipeline[4] = dict(type='AtFidelity', divisor=16, ",
        "    sizes=('crop_size',), transform=dict(type='CenterCrop', crop_size=(224, 240)))")
    assert [row[4] for row in cells(plan(config, *ANET))[:3]] == ['112', '224', '160']


def test_wrapped_data_sets_are_counted_with_their_repetitions(plan, write_features_config,
                                                               toy_data):
    part = dict(type='UntrimmedVideoDataset', data_root=str(toy_data), ann_file='annotations.json',
                subset='training', data_prefix=dict(feature='f'), pipeline=FEATURES)
    lines = plan(write_features_config(dict(type='ConcatDataset', datasets=[
        dict(type='RepeatDataset', times=3, dataset=part), dict(part, subset='validation'),
        dict(part, indices=2)])))
    assert lines[1].startswith('25 videos on 1 GPU: 2 epochs of 7 steps')   # 3 · 6 + 5 + 2


def test_a_loader_without_batch_sampler_trains_at_full_fidelity(plan, write_features_config):
    dataset = dict(type='UntrimmedVideoDataset', pipeline=FEATURES)
    for drop_last, steps in ((False, 3), (True, 2)):
        config = write_features_config(dataset, drop_last=drop_last)
        assert f'2 epochs of {steps} steps' in plan(config, '--num-videos', 10)[1]


def test_the_picture_is_written(plan, tmp_path):
    out = tmp_path / 'new' / 'plan.png'
    assert plan('configs/lofi_short_tsm_anet.py', *ANET, '--out', out)[-1] == f'picture: {out}'
    assert out.read_bytes()[:4] == b'\x89PNG'


# ---- what cannot be planned

def test_a_missing_annotation_file_asks_for_the_number_of_videos(refusal):
    assert refusal('configs/lofi_tsm_anet.py') == (
        "plan: no annotation file at 'data/activitynet/activity_net.v1-3.json' to count the videos "
        'in; expected one, or their number: give --num-videos N')


def test_a_recognizer_has_no_snippets_to_plan(refusal):
    assert 'no SampleSnippets or LoadSnippetFeatures in' in refusal('configs/toy/acp_toy.py')


def test_too_few_videos_for_a_batch_are_refused_as_in_training(refusal):
    message = refusal('configs/lofi_tsm_anet.py', '--num-videos', 12, '--gpus', 4)
    assert message.startswith('plan: a rank gets 3 videos an epoch, fewer than batch_size=4')


def test_a_cycle_needs_its_sampler_as_in_training(refusal, write_config):
    config = write_config('configs/lofi_tsm_anet.py',
                          'train_dataloader = dict(batch_sampler=None)')
    assert 'batch_sampler is None; expected a FidelityBatchSampler: set it' in refusal(
        config, *ANET)


def test_other_wrappers_samplers_and_loops_are_named(refusal, write_features_config):
    dataset = dict(type='UntrimmedVideoDataset', pipeline=FEATURES)
    other = write_features_config(dict(type='ClassBalancedDataset', dataset=dataset))
    assert 'is in a ClassBalancedDataset; expected UntrimmedVideoDataset' in refusal(other)
    endless = write_features_config(dataset, sampler=dict(type='InfiniteSampler'))
    assert "sampler is 'InfiniteSampler'; expected DefaultSampler" in refusal(
        endless, '--num-videos', 10)
    assert 'no train_cfg.max_epochs; expected a training by epochs' in refusal(
        write_features_config(dataset), '--cfg-options', 'train_cfg.max_epochs=None')


def test_features_of_a_length_of_their_own_are_counted_as_they_are_padded(plan, refusal,
                                                                          write_features_config):
    own = [dict(type='LoadSnippetFeatures', num_snippets=None)]
    padded = [*own, dict(type='PadFeatures', max_seq_len=64), dict(type='PackTALInputs')]

    def config(pipeline):
        return write_features_config(dict(type='UntrimmedVideoDataset', pipeline=pipeline))
    assert 'put PadFeatures(max_seq_len=…) after' in refusal(config(own), '--num-videos', 10)
    assert cells(plan(config(padded), '--num-videos', 10))[0][3] == '64'


def test_parts_of_a_data_set_that_cost_differently_are_refused(refusal, write_features_config):
    few = [dict(type='LoadSnippetFeatures', num_snippets=50)]
    config = write_features_config(dict(type='ConcatDataset', datasets=[
        dict(type='UntrimmedVideoDataset', pipeline=pipeline) for pipeline in (FEATURES, few)]))
    assert 'give them the same snippets and side' in refusal(config, '--num-videos', 10)


def test_numbers_below_one_are_refused(plan, capsys):
    for option in ('--gpus', '--num-videos'):
        with pytest.raises(SystemExit):
            plan('configs/lofi_tsm_anet.py', option, 0)
        assert f"{option}: got '0'; expected a whole number of 1 or more" in capsys.readouterr().err


# ---- it tells what training does

def test_steps_and_fidelities_are_those_that_the_runners_sampler_gives(plan, toy_data):
    cfg = Config.fromfile(ROOT / 'configs/toy/lofi_toy.py')
    videos = load_annotations(toy_data / 'annotations.json', 'training')
    sampler = FidelityBatchSampler(DefaultSampler(videos), cfg.train_dataloader.batch_size)
    sampler.set_schedule(FidelitySchedule.from_config(cfg.custom_hooks[0].cycle))
    rows = cells(plan('configs/toy/lofi_toy.py', '--all'))
    assert len(rows) == sampler.steps_before(36) == 36
    assert [row[2] for row in rows] == [sampler.batches(epoch)[0].fidelity.name
                                        for epoch in range(36)]
