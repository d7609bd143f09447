"""How all pages are made of their templates: everything that is put in is escaped."""
from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

import mmlofi


def render(template: str, **shown: object) -> str:
    """The text of a page of `templates/`, which is shown these values and the version."""
    environment = Environment(loader=PackageLoader('mmlofi.report'), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= dict(percent=_percent, signed=_signed)
    return environment.get_template(template).render(shown, version=mmlofi.__version__)


def _percent(value: float | None, digits: int = 2) -> str:
    return '–' if value is None else f'{100 * value:.{digits}f}'


def _signed(value: float | None, digits: int = 2) -> str:
    """A difference in points, with a sign and a true minus; 0 has none."""
    if value is None:
        return '–'
    text = f'{100 * value:+.{digits}f}'
    return text.replace('-', '−') if float(text) else text[1:]
