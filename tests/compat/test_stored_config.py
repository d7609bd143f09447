"""Configs that come with weights: hostile ones are refused by name, and nothing of them runs."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from tiny_run import tiny_runner

from mmlofi import TALInferencer
from mmlofi.compat.stored_config import NotData, refuse_foreign_types, stored_config
from mmlofi.compat.trust import UNSAFE_SWITCH

RUN = "open('ran', 'w').write('ran')"
EVIL = 'evil_of_a_checkpoint'

# Each would write the file `ran` if its text, or the module that it names, ran.
CODE = {
    'a name bound anew': f'dict = exec\nx = dict({RUN!r})',
    'another name bound anew': f'set = eval\nx = set({RUN!r})',
    'a plain call': f'x = {RUN}',
    'a decorator': f'@exec\ndef f(): pass\nx = {RUN}',
    'a comprehension': f'x = [y for y in [{RUN}]]',
    'an f-string': f'x = f"{{{RUN}}}"',
    'a walrus': f'x = (y := {RUN})',
    'a class body': f'class A:\n    x = {RUN}',
    'a chain of classes': f'x = ().__class__.__base__.__subclasses__()\ny = {RUN}',
    'a default of a lambda': f'x = lambda y={RUN}: y',
    'a default of a function': f'def f(x={RUN}): pass',
    'a condition': f'x = 1 if {RUN} else 2',
    'an index': f'x = [1, 2][{RUN}]',
    'an import': f'import {EVIL}',
    'a base file': "_base_ = 'base.py'",
    'a base in a value': "x = dict(_base_='base.py')",
    'the environment': "x = '{{$HOME:1}}'",
    'code in a default of the environment': f"x = {{{{$NOTHING:{RUN.replace(' ', '')}}}}}",
    'a star': f'x = dict(**{{"y": {RUN}}})',
    'a loop': f'for x in [1]: {RUN}',
    'an unpacking': f'x, y = 1, {RUN}',
    'an annotation': f'x: {RUN} = 1',
    'an assertion': f'assert {RUN}',
    'brackets without end': 'x = ' + '[' * 100_000,
    'operators without end': 'x = ' + '-' * 100_000 + '1',
    'a sum without end': 'x = ' + '1+' * 100_000 + '1',
    'a number without end': 'x = ' + '9' * 1_000_000,
    'a text without end': 'x = "' + 'a' * 5_000_000 + '"'}
PLACES = (('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg'))


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """In a folder with modules that say when they are run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path('base.py').write_text(RUN)
    Path(f'{EVIL}.py').write_text(f'{RUN}\ndef call(**kwargs): {RUN}')
    folder = Path(f'{EVIL}_scope')
    folder.mkdir()
    (folder / '__init__.py').write_text('')
    (folder / 'registry.py').write_text(RUN)
    yield
    assert not Path('ran').exists()
    assert EVIL not in sys.modules


def save(text: str, place: tuple[str, ...] = PLACES[2], **more: object) -> str:
    content: object = text
    for key in reversed(place):
        content = {key: content}
    torch.save(dict(content, state_dict={}, **more), 'hostile.pth')
    return 'hostile.pth'


@pytest.mark.parametrize('what', CODE)
def test_code_in_a_stored_config_is_refused(what):
    with pytest.raises(ValueError, match=UNSAFE_SWITCH) as caught:
        TALInferencer(weights=save(CODE[what]), device='cpu')
    assert 'hostile.pth' in str(caught.value)
    assert 'message_hub.runtime_info.cfg' in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize('place', PLACES, ids='.'.join)
def test_it_is_refused_wherever_a_config_is_kept(place):
    with pytest.raises(ValueError, match='.'.join(place)):
        CheckpointLoader.load_checkpoint(save(CODE['a name bound anew'], place))


@pytest.mark.parametrize('text', [
    f"model = dict(type='{EVIL}.call')", f"model = dict(type='{EVIL}')",
    "model = dict(type='os.system', command='touch ran')",
    "model = dict(type='EndToEndLocalizer', head=dict(type='builtins.exec'))",
    "x = [dict(y=({'type': 'subprocess.run'},))]",
    f"model = dict(type='EndToEndLocalizer', _scope_='{EVIL}_scope')",
    f"model = dict(type='{EVIL}_scope.Model')", f"default_scope = '{EVIL}_scope'"])
def test_values_that_name_what_to_run_are_refused_where_a_model_is_made_of_them(text):
    with pytest.raises(ValueError, match=r'no registry.*import what defines it first'):
        TALInferencer(weights=save(text), device='cpu')


def test_a_pickle_is_left_to_the_reader_that_runs_nothing_of_it():
    refuse_foreign_types(dict(type='ClassScoreFile', path='scores.pkl'))
    for name in ('x.pkl', 'pkl', 'x.yaml', 'x.YML'):   # tags of yaml call functions, too
        with pytest.raises(NotData, match=f"'{name}' for a UniFormerHead"):
            refuse_foreign_types([dict(type='UniFormerHead', channel_map=name)])
    with pytest.raises(NotData, match='which may run'):
        refuse_foreign_types(dict(type='Any', files=[['x.pkl']]))


@pytest.mark.parametrize('text', [
    # Each wrote or ran a file: a runner's visualizer its config, an inferencer a config file.
    "model = dict(type='mmengine.runner.runner.Runner', model={}, work_dir='ran')",
    "model = dict(type='mmlofi.apis.inferencer.TALInferencer', model='base.py', weights='x.pth')",
    "x = dict(tta_model=dict(y=[dict(type='mmengine.visualization.vis_backend.LocalVisBackend')]))",
    "visualizer = dict(type='mmengine.runner.runner.Runner')",
    "a = dict(pipeline=[dict(type='mmaction.datasets.pose_dataset.PoseDataset')])",
    # A file backend imports `mc` from there.
    "test_pipeline = [dict(type='RawFrameDecode', io_backend='memcached', sys_path='.')]",
    "model = dict(type='exec(input())')", "model = dict(type='')", 'model = dict(_scope_=[])'])
def test_what_is_no_part_of_a_model_is_not_made_with_it(text):
    with pytest.raises(ValueError, match=r'hostile\.pth was not loaded, .*import what defines it'):
        TALInferencer(weights=save(text), device='cpu')


def test_weights_beside_such_values_load_and_readers_of_the_text_get_none_of_it():
    loaded = CheckpointLoader.load_checkpoint(save("model = dict(type='os.system')"))
    assert loaded['state_dict'] == {}
    text = loaded['message_hub']['runtime_info']['cfg']
    assert Config.fromstring(text, '.py').to_dict() == {}


def test_modules_that_a_stored_config_imports_are_not():
    loaded = CheckpointLoader.load_checkpoint(
        save(f"x = 1\ncustom_imports = dict(imports=['{EVIL}'])"))
    text = loaded['message_hub']['runtime_info']['cfg']
    assert Config.fromstring(text, '.py').to_dict() == dict(x=1)
    assert stored_config(loaded, 'it').to_dict() == dict(x=1)


def test_a_resumed_run_does_not_run_the_config_that_it_finds(tmp_path):
    tiny_runner(tmp_path / 'first').train()
    found = torch.load(tmp_path / 'first' / 'epoch_2.pth', weights_only=False)
    found['meta']['config'] = f"gpu_ids = [0]\ncustom_imports = dict(imports=['{EVIL}'])"
    torch.save(found, tmp_path / 'found.pth')
    resumed = tiny_runner(tmp_path / 'second', resume=True, load_from=str(tmp_path / 'found.pth'))
    resumed.train()
    assert resumed.epoch == 3


def test_types_that_are_registered_pass_by_name_scope_or_path():
    refuse_foreign_types(dict(
        model=dict(type='EndToEndLocalizer', backbone=dict(type='mmaction.ResNetTSM')),
        head=dict(type='mmlofi.models.heads.gtad.head.GTADHead'),
        optim=[dict(type='torch.optim.sgd.SGD')],
        hook=(dict(type='mmengine.EMAHook', _scope_='mmengine'),), other=dict(type='NobodysName'),
        loop=dict(type='mmengine.runner.loops.TestLoop'),
        visualizer=dict(type='mmengine.visualization.visualizer.Visualizer')))


def test_a_localizers_backbone_of_a_library_passes_and_nothing_else_of_the_library_does():
    backbone = dict(type='torchvision.r2plus1d_18')
    refuse_foreign_types(dict(model=dict(type='EndToEndLocalizer', backbone=backbone)))
    for model in (dict(type='Recognizer2D', backbone=backbone),
                  dict(type='EndToEndLocalizer', head=backbone),
                  dict(type='EndToEndLocalizer', backbone=dict(type='os.system')),
                  dict(type='EndToEndLocalizer', backbone=dict(backbone, other=backbone))):
        with pytest.raises(NotData, match='no registry'):
            refuse_foreign_types(dict(model=model))


@pytest.mark.parametrize('name', ['antigravity', 'os', 'mmaction.models', 'x.y', 'mmengine.os'])
def test_types_that_could_be_imported_do_not(name):
    with pytest.raises(NotData, match='no registry'):
        refuse_foreign_types([dict(a=dict(type=name))])


@pytest.mark.parametrize('content', [{}, dict(meta=None), dict(meta=dict(cfg=3)), [], None])
def test_a_checkpoint_without_a_config_says_so(content):
    with pytest.raises(ValueError, match='holds no config; expected'):
        stored_config(content, 'weights.pth')


@pytest.mark.parametrize('text', [
    'x = 1', 'model = 5', "model = 'x'", "model = dict(type='NobodysName')", 'model = [1]',
    "model = dict(type='EndToEndLocalizer')",
    f"model = dict(type='Linear', in_features={10**18}, out_features=9)"])
def test_a_config_that_no_model_can_be_made_of_is_refused_with_the_file(text):
    with pytest.raises(ValueError, match=r'hostile\.pth (holds a config|is of a )'):
        TALInferencer(weights=save(text), device='cpu')


def test_a_name_that_mmengine_keeps_for_itself_is_refused():
    with pytest.raises(ValueError, match='a config that is none'):
        TALInferencer(weights=save("text = 'a'"), device='cpu')
