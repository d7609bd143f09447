"""AtomicCheckpointHook: a crash at any moment leaves a whole checkpoint to resume from."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook
from mmengine.runner import find_latest_checkpoint
from recording import EPOCH, make_runner, train

from mmlofi.engine.atomic_backend import AtomicLocalBackend
from mmlofi.engine.atomic_checkpoint import AtomicCheckpointHook


class Crash(Exception):
    """In place of a kill."""


def checkpoints(folder: Path) -> set[str]:
    return {path.name for path in (folder / 'work').glob('*.pth*')}


def keeping(count: int) -> dict:
    return dict(checkpoint=dict(type='AtomicCheckpointHook', interval=1, max_keep_ckpts=count))


@pytest.mark.parametrize('moment', ['while writing', 'before it is named', 'before the old goes'])
def test_a_crash_while_saving_leaves_a_checkpoint_that_resumes(videos, moment, monkeypatch):
    """Only one is kept, so the old one must not go before the new one is there."""
    settings = dict(hook={}, workers=0, default_hooks=keeping(1))
    train(videos, epochs=1, **settings)
    with monkeypatch.context() as patched:
        patched.setattr(*{
            'while writing': (os, 'fsync', crash),
            'before it is named': (AtomicLocalBackend, 'put_text', crash),
            'before the old goes': (LocalBackend, 'remove', crash)}[moment])
        with pytest.raises(Crash):
            train(videos, epochs=2, resume=True, **settings)
    latest = find_latest_checkpoint(str(videos / 'work'))
    done = 2 if moment == 'before the old goes' else 1
    assert Path(latest).name == f'epoch_{done}.pth'
    names, runner = train(videos, epochs=3, resume=True, **settings)
    assert names == (['T'] * EPOCH + ['ST'] * EPOCH)[(done - 1) * EPOCH:]
    assert 'epoch_3.pth' in checkpoints(videos)
    assert not {name for name in checkpoints(videos) if name.endswith('.partial')}


def crash(*args, **kwargs):
    raise Crash


def test_a_kill_before_the_first_checkpoint_goes_on_from_the_one_that_was_named(videos):
    settings = dict(hook={}, workers=0)
    train(videos, epochs=2, **settings)
    work, other = videos / 'work', videos / 'other' / 'epoch_1.pth'
    other.parent.mkdir()
    (work / 'epoch_1.pth').rename(other)
    named = make_runner(videos, epochs=2, resume=True, load_from=str(other), **settings)
    named.register_hook(DiesAtOnce())
    with pytest.raises(Crash):
        named.train()
    assert find_latest_checkpoint(str(work)) == str(other)
    (work / 'epoch_1.pth').write_bytes(b'of another run')   # for which it would be taken
    (work / 'last_checkpoint').write_text(str(work / 'epoch_2.pth'))
    named = make_runner(videos, epochs=2, resume=True, load_from=str(other),
                        experiment_name=f'{videos.name}_2', **settings)
    named.register_hook(DiesAtOnce())
    with pytest.raises(Crash):
        named.train()
    assert find_latest_checkpoint(str(work)) == str(work / 'epoch_2.pth')


class DiesAtOnce(Hook):
    def after_train_iter(self, runner, *_, **__):
        raise Crash


def test_as_many_checkpoints_are_kept_as_asked_for(videos):
    train(videos, epochs=4, hook={}, workers=0, default_hooks=keeping(2))
    assert checkpoints(videos) == {'epoch_3.pth', 'epoch_4.pth'}
    train(videos, epochs=5, hook={}, workers=0, default_hooks=keeping(2), resume=True)
    assert checkpoints(videos) == {'epoch_4.pth', 'epoch_5.pth'}


def test_the_best_checkpoint_goes_when_a_better_one_is_there(videos, monkeypatch):
    runner = make_runner(videos, epochs=1, hook={}, workers=0, default_hooks=dict(
        checkpoint=dict(type='AtomicCheckpointHook', save_best='mAP', rule='greater')))
    runner.train()
    (hook,) = (hook for hook in runner.hooks if type(hook).__name__ == 'AtomicCheckpointHook')
    present = []
    remove = LocalBackend.remove
    monkeypatch.setattr(LocalBackend, 'remove', lambda self, path: (
        present.append(checkpoints(videos)), remove(self, path)))
    for epoch, score in enumerate([0.2, 0.1, 0.3], 1):
        runner.train_loop._epoch = epoch
        hook.after_val_epoch(runner, dict(mAP=score))
        assert runner.message_hub.get_info('best_score') == max(0.2, score)
    assert {name for name in checkpoints(videos) if 'best' in name} == {'best_mAP_epoch_3.pth'}
    assert present == [checkpoints(videos) | {'best_mAP_epoch_1.pth'}]   # both, when it went


def resumed_from(videos, **info) -> AtomicCheckpointHook:
    """The hook of a run that goes on from a checkpoint which says `info`."""
    runner = make_runner(videos, epochs=1, hook={}, workers=0, default_hooks=dict(
        checkpoint=dict(type='AtomicCheckpointHook', save_best='mAP', rule='greater',
                        max_keep_ckpts=2)))
    runner.message_hub._runtime_info.update(info)
    runner.train()
    (hook,) = (hook for hook in runner.hooks if type(hook).__name__ == 'AtomicCheckpointHook')
    hook.after_val_epoch(runner, dict(mAP=1.0))
    return hook


@pytest.mark.parametrize('kind', ['a file', 'a folder', 'none of the best'])
def test_a_path_in_a_checkpoint_has_nothing_deleted(videos, tmp_path, kind):
    kept = tmp_path / 'kept' / 'best_of_all.pth'
    kept.parent.mkdir()
    if kind == 'a folder':
        kept.mkdir()
    elif kind == 'a file':
        kept.touch()
    else:
        (videos / 'work').mkdir(exist_ok=True)
        kept = videos / 'work' / 'notes.txt'
        kept.touch()
    resumed_from(videos, best_ckpt=str(kept), best_score=0.5)
    assert kept.exists()
    assert 'best_mAP_epoch_1.pth' in checkpoints(videos)


def test_the_best_checkpoint_of_a_work_dir_that_was_moved_is_found_by_its_name(videos):
    (videos / 'work').mkdir(exist_ok=True)
    (videos / 'work' / 'best_mAP_epoch_0.pth').touch()
    resumed_from(videos, best_ckpt='/elsewhere/best_mAP_epoch_0.pth', best_score=0.5)
    assert {name for name in checkpoints(videos) if 'best' in name} == {'best_mAP_epoch_1.pth'}


@pytest.mark.parametrize('kept', [['1/../../x'], 'ab', [True], [1.5], 3])
def test_checkpoints_to_keep_that_are_no_numbers_are_refused(videos, kept):
    with pytest.raises(ValueError, match='as checkpoints to keep; expected numbers'):
        resumed_from(videos, keep_ckpt_ids=kept)


def test_a_checkpoint_between_the_steps_of_an_update_is_refused(videos):
    every_3 = dict(type='AtomicCheckpointHook', by_epoch=False, interval=3)
    runner = make_runner(
        videos, epochs=1, hook={}, batch_size=1, optim_wrapper=dict(accumulative_counts=2),
        default_hooks=dict(checkpoint=every_3))
    with pytest.raises(ValueError, match='a checkpoint every 3 steps falls between the 2 steps'):
        runner.train()
    assert runner.model.steps == []


def test_an_epoch_that_ends_between_the_steps_of_an_update_is_refused(videos):
    runner = make_runner(videos, epochs=2, hook=dict(share_update=False), batch_size=2,
                         optim_wrapper=dict(accumulative_counts=2))   # 3 steps an epoch
    with pytest.raises(ValueError, match='epochs of 3 steps end between the 2 steps'):
        runner.train()
    assert runner.model.steps == []


@pytest.mark.parametrize(('settings', 'backend'), [
    ({}, dict(backend='atomic')), (dict(out_dir='s3://bucket/x'), None),
    (dict(file_client_args=dict(backend='disk')), None),
    (dict(backend_args=dict(backend='local')), dict(backend='local'))])
def test_storage_that_is_named_is_left_as_it_is_named(settings, backend):
    assert AtomicCheckpointHook(**settings).backend_args == backend


# ---- what is saved can be loaded, and what is a folder is deleted

class Keeps(Hook):
    """Keeps something in every checkpoint that none may hold."""

    def before_train(self, runner):
        runner.message_hub.update_info('kept', Path())


def test_what_could_not_be_loaded_is_found_at_the_first_checkpoint(videos):
    train(videos, epochs=1, hook={}, workers=0, default_hooks=keeping(1))
    runner = make_runner(videos, epochs=3, hook={}, workers=0, default_hooks=keeping(1),
                         resume=True)
    runner.register_hook(Keeps())
    with pytest.raises(ValueError, match='the first checkpoint of this run could not be read again'
                                         '.*pathlib.*runner.message_hub'):
        runner.train()
    assert runner.epoch == 1
    assert Path(find_latest_checkpoint(str(videos / 'work'))).name == 'epoch_1.pth'
    assert 'epoch_1.pth' in checkpoints(videos)      # which a good second one would have removed


def test_checkpoints_that_are_folders_are_kept_and_deleted_like_files(videos, monkeypatch):
    """As DeepSpeed saves, and models in parts."""
    runner = make_runner(videos, epochs=4, hook={}, workers=0, default_hooks=dict(
        preemption=dict(type='PreemptionHook', every_min=1e-9), **keeping(2)))

    def save(folder, name, *args, **kwargs):
        (Path(folder) / name).mkdir()
        (Path(folder) / name / 'part').touch()
    monkeypatch.setattr(runner, 'save_checkpoint', save)
    runner.train()
    assert checkpoints(videos) == {'epoch_3.pth', 'epoch_4.pth'}
