"""The pictures of what the pipeline feeds the model."""
from __future__ import annotations

import shutil

import pytest

TITLES = ['S: r_t = 1, r_s = 2; 32 snippets × 4 frames × 32 × 32, 25% of the pixels',
          'T: r_t = 4, r_s = 1; 8 snippets × 4 frames × 64 × 64, 25% of the pixels',
          'ST: r_t = 2, r_s = 1.41; 16 snippets × 4 frames × 46 × 46, 25% of the pixels']
FULL_TITLE = 'full: r_t = 1, r_s = 1; 32 snippets × 4 frames × 64 × 64, 100% of the pixels'


@pytest.fixture
def browse(call_tool, toy_configs, tmp_path):
    """Calls the tool on a config for the toy data; gives the folder of the pictures."""
    def run(config: str, *arguments: object):
        call_tool('browse_dataset.py', toy_configs / config, '--out', tmp_path / 'sheets',
                  *arguments)
        return tmp_path / 'sheets'
    return run


@pytest.fixture
def refusal(browse):
    """The message with which the tool ends."""
    def run(config: str, *arguments: object) -> str:
        with pytest.raises(SystemExit) as stop:
            browse(config, *arguments)
        return str(stop.value)
    return run


@pytest.fixture
def texts(monkeypatch):
    """The titles in each picture that is drawn, in place of the picture."""
    drawn = []
    monkeypatch.setattr('mmlofi.visualization.contact_sheet.save_figure',
                        lambda figure, *_, **__: drawn.append(
                            [text.get_text() for text in figure.texts]))
    return drawn


def test_the_first_videos_have_a_picture_each(browse, capsys):
    folder = browse('lofi_toy.py', '--num', 2)
    assert sorted(path.name for path in folder.iterdir()) == ['train_0000.png', 'train_0001.png']
    assert (folder / 'train_0000.png').read_bytes()[:4] == b'\x89PNG'
    printed = capsys.readouterr()
    assert '2/2' in printed.err     # progress
    assert printed.out.splitlines()[-1] == f'2 pictures in {folder}: train_0000, train_0001'


def test_a_picture_has_a_strip_for_each_fidelity_at_the_size_that_it_gives(browse, texts):
    browse('lofi_toy.py', '--num', 1)
    browse('lofi_toy.py', '--num', 1, '--full')
    assert texts == [['train_0000', *TITLES], ['train_0000', *TITLES, FULL_TITLE]]


def test_full_fidelity_comes_once_where_it_is_in_the_schedule(browse, texts):
    browse('full_toy.py', '--num', 1, '--full')
    assert texts == [['train_0000', FULL_TITLE]]


def test_a_config_without_a_cycle_is_shown_at_full_fidelity(browse, texts):
    browse('lofi_toy.py', '--num', 1, '--cfg-options', 'custom_hooks=None')
    assert texts == [['train_0000', FULL_TITLE]]


def test_videos_are_shown_by_name_and_of_the_split_asked_for(browse, texts):
    browse('lofi_toy.py', '--videos', 'train_0004', 'train_0002')
    browse('lofi_toy.py', '--videos', 'val_0003', '--split', 'test')
    assert [titles[0] for titles in texts] == ['train_0004', 'train_0002', 'val_0003']


def test_the_same_seed_gives_the_same_picture_and_another_one_another(browse):
    pictures = [(browse('lofi_toy.py', '--num', 1, '--seed', seed) / 'train_0000.png').read_bytes()
                for seed in (0, 0, 1)]
    assert pictures[0] == pictures[1] != pictures[2]


def test_videos_inside_a_wrapper_are_shown(browse, texts, toy_configs, tmp_path):
    config = tmp_path / 'repeated.py'
    config.write_text(f"_base_ = '{toy_configs / 'lofi_toy.py'}'\n"
                      "train_dataloader = dict(dataset=dict(_delete_=True, type='RepeatDataset', "
                      'times=2, dataset=_base_.train_dataloader.dataset))\n')
    browse(config, '--num', 1)
    assert texts == [['train_0000', *TITLES]]


# ---- what cannot be shown

def test_stored_features_have_nothing_to_show(refusal):
    message = refusal('gtad_toy.py')
    assert message.startswith('browse_dataset: ')
    assert message.endswith('gtad_toy.py reads stored features, which have no frames to show; '
                            'expected a data set of videos: give a config of stage 2')


def test_trimmed_clips_are_refused(refusal):
    assert 'expected one that ends with PackTALInputs: give a config of stage 2' in refusal(
        'acp_toy.py')


def test_a_config_without_the_split_is_refused(refusal):
    assert 'has no test_dataloader; expected one with a data set of videos' in refusal(
        'lofi_toy.py', '--split', 'test', '--cfg-options', 'test_dataloader=None')


def test_an_unknown_name_is_refused_with_some_that_are_known(refusal):
    assert ("no video is called ['val_0000'] among the 6 of the data set; expected names such as "
            "['train_0000', 'train_0001', 'train_0002']") in refusal(
        'lofi_toy.py', '--videos', 'train_0000', 'val_0000')


def test_no_video_to_show_is_refused(refusal):
    assert '--num is 0; expected at least 1 video to show' in refusal('lofi_toy.py', '--num', 0)


def test_a_video_that_training_would_replace_is_not_shown_as_another(refusal, toy_data, tmp_path):
    folder = shutil.copytree(toy_data / 'videos', tmp_path / 'videos')
    (folder / 'train_0001.mp4').write_bytes(b'no video at all')
    message = refusal('lofi_toy.py', '--num', 2, '--cfg-options',
                      f'train_dataloader.dataset.data_prefix.video={folder}',
                      'train_dataloader.dataset.check_files=False')
    assert "video 'train_0001' fails in the pipeline (" in message
    assert 'cannot be decoded' in message
