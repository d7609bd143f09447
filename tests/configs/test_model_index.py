"""The list of configs that `mim search mmlofi` reads, and how `mim train mmlofi` finds them."""
from __future__ import annotations

from collections import Counter, defaultdict

import yaml
from shipped import CONFIGS, ROOT

INDEX = yaml.safe_load((ROOT / 'mmlofi' / '.mim' / 'model-index.yml').read_text())


def test_every_config_is_listed_once_by_a_method_and_a_data_set():
    assert sorted(one['Config'] for one in INDEX['Models']) == CONFIGS
    assert all(one['Config'].endswith(f'/{one["Name"]}.py') for one in INDEX['Models'])
    methods = {one['Name'] for one in INDEX['Collections']}
    assert {one['In Collection'] for one in INDEX['Models']} == methods
    sets = defaultdict(set)
    for one in INDEX['Models']:
        sets[one['Name'].rpartition('_')[2]].add(one['Metadata']['Training Data'])
    assert all(len(names) == 1 for names in sets.values()), sets


def test_the_name_of_a_config_is_that_of_no_other_file():
    package = (path.name for path in (ROOT / 'mmlofi').rglob('*.py') if '.mim' not in path.parts)
    brought = (path.name for name in ('configs', 'tools') for path in (ROOT / name).rglob('*.py'))
    times = Counter([*package, *brought])
    assert [name for name in CONFIGS if times[name.rpartition('/')[2]] != 1] == []
