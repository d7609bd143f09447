"""The documents as a site: every link leads somewhere, and tools and classes have their pages."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmaction.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS

import mmlofi

ROOT = Path(mmlofi.__file__).parents[1]


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    pytest.importorskip('mkdocstrings')
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(folder)], cwd=ROOT,
        env=os.environ | dict(NO_MKDOCS_2_WARNING='1'), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr      # a link that leads nowhere is a warning
    return folder


def test_files_of_the_repository_are_pages_that_links_lead_to(site):
    page = (site / 'playback' / 'index.html').read_text()
    (link,) = set(re.findall(r'href="(\.\./source/configs/speed_tsm_kinetics[^"]*)"', page))
    source = (site / 'playback' / link / 'index.html').read_text()
    assert 'SpeedNet' in source
    of_configs = (site / 'source' / 'configs' / 'index.html').read_text()      # their README
    assert 'href="../../encoders/"' in of_configs


def test_the_notebook_is_a_page_with_its_commands_and_a_link_to_itself(site):
    page = (site / 'tutorial' / 'index.html').read_text()
    assert 'class="language-bash">mmlofi annotate' in page
    assert 'href="../own_data/"' in page
    (link,) = re.findall(r'href="(\.\./[^"]*\.ipynb)"', page)
    assert (site / 'tutorial' / link).is_file()
    assert 'href="../tutorial/"' in (site / 'own_data' / 'index.html').read_text()


def test_every_tool_and_every_class_that_a_config_can_name_has_its_entry(site):
    tools, classes = ((site / name / 'index.html').read_text() for name in ('tools', 'classes'))
    for tool in (ROOT / 'tools').glob('*.py'):
        assert (f'usage: {tool.name}' in tools) == (tool.stem != 'lend_torch')
    for registry in (DATASETS, TRANSFORMS, MODELS, HOOKS, METRICS):
        for name, thing in registry.module_dict.items():
            if thing.__module__.startswith('mmlofi.') and not thing.__module__.startswith(
                    'mmlofi.compat'):
                assert f'id="{thing.__module__}.{thing.__qualname__}"' in classes, name
