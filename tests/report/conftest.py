"""A headless browser for the pages."""
from headless import browser, look, visit  # noqa: F401
