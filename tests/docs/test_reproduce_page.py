"""The commands of the page on the paper's table, run by bash with stand-ins for what they start."""
from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlofi.models.encoders.backbones import names_weights

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'reproduce.md').read_text()
STAND_INS = """
shown() { echo "${LOFI_FEATURES:-} $*"; }
python() { shown python "$@"; }; torchrun() { shown torchrun "$@"; }; bash() { shown bash "$@"; }
"""


def commands(script):
    """(LOFI_FEATURES, words) of everything that the script starts."""
    done = subprocess.run(['bash', '-euc', STAND_INS + script], capture_output=True, text=True,
                          check=True)
    return [(line.partition(' ')[0], shlex.split(line.partition(' ')[2]))
            for line in done.stdout.splitlines()]


@pytest.fixture(scope='module')
def blocks():
    return re.findall(r'```bash\n(.+?)```', PAGE, re.DOTALL)


@pytest.mark.parametrize('data', ['anet', 'hacs'])
def test_each_head_trains_on_features_that_were_extracted_before(data, blocks, monkeypatch):
    monkeypatch.delenv('LOFI_FEATURES', raising=False)
    table, others = blocks[0].replace('anet', data), blocks[1] + blocks[2] if data == 'anet' else ''
    extracted, trained = set(), {}
    encoders = set(re.findall(r'checkpoints/\w+\.pth', PAGE))     # that the page says to put there
    for folder, words in commands(table + others):
        tool = next(word for word in words if word.startswith('tools/'))
        assert (ROOT / tool).is_file()
        configs = [word for word in words if re.fullmatch(r'configs/.+\.py', word)]
        if tool.endswith('compare.py'):
            compared = {word.partition('=')[2] for word in words if '=work_dirs' in word}
            assert compared == set(trained)
            continue
        cfg, name = Config.fromfile(ROOT / configs[0]), Path(configs[0]).stem
        if tool.endswith('extract_features.py'):
            checkpoint = words[words.index(configs[0]) + 1]
            assert checkpoint in encoders or checkpoint == '--cfg-options' or (
                checkpoint == '--out' and names_weights(cfg.model.backbone))
            assert cfg.model.backbone
            extracted.add(words[words.index('--out') + 1])
        elif tool.endswith('dist_train.sh'):
            encoders |= {f'work_dirs/{name}/epoch_{cfg.train_cfg.max_epochs}.pth'}
        else:
            features = folder or cfg.train_dataloader.dataset.data_prefix.feature
            assert features in extracted
            work_dir = words[words.index('--work-dir') + 1] if '--work-dir' in words \
                else f'work_dirs/{name}'
            trained[work_dir] = features
    assert len(set(trained.values())) == len(trained) == (16 if data == 'anet' else 8)


def test_expected_map_is_that_of_the_configs_page():
    rows = re.findall(r'^\| (?:ActivityNet|HACS), .+', PAGE, re.MULTILINE)
    numbers = [cell for row in rows for cell in re.findall(r'\d\d\.\d\d', row)]
    stated = (ROOT / 'configs/README.md').read_text()
    assert len(numbers) == 22
    assert all(number in stated for number in numbers)
