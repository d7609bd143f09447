"""Lending the torch of another Python to an environment, with small stand-ins for the packages."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'tools' / 'lend_torch.py'


@pytest.fixture(scope='module')
def lend_torch():
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location('lend_torch', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def install(site: Path, name: str, files: list[str], *, tag: str, requires: str = '') -> None:
    """Write what pip leaves of a package."""
    info = f'{name}-1.0.dist-info'
    metadata = f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n'
    metadata += ''.join(f'Requires-Dist: {line}\n' for line in requires.split(',') if line)
    contents = {file: f'# {file}\n' for file in files}
    contents |= {f'{info}/METADATA': metadata, f'{info}/WHEEL': f'Tag: {tag}\n'}
    contents[f'{info}/RECORD'] = ''.join(f'{file},,\n' for file in contents)
    for file, text in contents.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text)


@pytest.fixture
def host(tmp_path) -> Path:
    """A site-packages with torch, one compiled and one pure package that it needs, and another."""
    site = tmp_path / 'host'
    needs = 'nvidia-blas[fast],sympy,absent; python_version < "3"'
    install(site, 'torch', ['torch/__init__.py', 'torch/lib/a.so'], tag='cp311', requires=needs)
    needs = 'nvidia-rand; extra == "fast"'
    install(site, 'nvidia-blas', ['nvidia/blas.so'], tag='py3-none-linux_x86_64', requires=needs)
    install(site, 'nvidia-rand', ['nvidia/rand.so'], tag='py3-none-linux_x86_64')
    install(site, 'sympy', ['sympy/__init__.py'], tag='py3-none-any')
    install(site, 'scipy', ['scipy/__init__.py'], tag='cp311')
    return site


def test_torch_is_lent_with_the_compiled_packages_that_it_requires(lend_torch, host):
    packages = lend_torch.packages_at([str(host)])
    needs = lend_torch.compiled_needs('torch', packages)
    assert needs == {'torch', 'nvidia-blas', 'nvidia-rand'}


def test_a_loan_is_links_with_metadata_but_without_the_list_for_deletion(
    lend_torch, host, tmp_path
):
    site = tmp_path / 'site'
    site.mkdir()
    packages = lend_torch.packages_at([str(host)])
    lend_torch.lend(packages['torch'], site, '/usr/bin/python')
    assert (site / 'torch' / 'lib' / 'a.so').resolve() == host / 'torch' / 'lib' / 'a.so'
    (lent,) = lend_torch.packages_at([str(site)]).values()
    assert (lent.version, lent.files) == ('1.0', None)
    assert lent.read_text(lend_torch.LENDER) == '/usr/bin/python'


def test_a_loan_taken_back_leaves_nothing_and_the_lender_whole(lend_torch, host, tmp_path):
    site = tmp_path / 'site'
    (site / 'nvidia').mkdir(parents=True)
    (site / 'nvidia' / 'own.so').write_text('')
    before = sorted(host.rglob('*'))
    made = []
    for name, package in lend_torch.packages_at([str(host)]).items():
        if name != 'scipy':
            made += lend_torch.lend(package, site, '/usr/bin/python')
    lend_torch.take_back(made, site)
    assert [path.name for path in sorted(site.rglob('*'))] == ['nvidia', 'own.so']
    assert sorted(host.rglob('*')) == before


def test_a_requirement_that_the_lender_does_not_meet_is_named(lend_torch, host, monkeypatch):
    monkeypatch.setattr(lend_torch, 'module_path', lambda python: [str(host)])
    with pytest.raises(SystemExit, match='torch 1.0, which does not fit torch<'):
        lend_torch.main('/usr/bin/python', str(SCRIPT.parents[1] / 'setup.cfg'))
