"""The frame of every HTML page: head and style, light or dark as the reader's system is, wide or on a phone.

A page needs no network: styles stand in it, and pictures are data: URIs.
"""

from pathlib import Path
from typing import Any

import jinja2

BASE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  :root { color-scheme: light dark; --paper: #fff; --ink: #222; --faint: #666; --line: #ddd; --accent: #2b6cb0;
    --alarm: #b3121d }
  @media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e4e6e8; --faint: #9aa2ab; --line: #343a41;
    --accent: #74aee6; --alarm: #ff8078 } }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
    color: var(--ink); background: var(--paper) }
  h1 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin-top: 2rem }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line);
    vertical-align: top }
  td:first-child { white-space: nowrap }
  th { color: var(--faint); font-weight: 500; white-space: nowrap }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
  .yes { color: var(--accent) } .no { color: var(--alarm); font-weight: 600 }
  .bar { background: var(--accent); height: .8rem; display: inline-block; border-radius: 2px }
  figure { margin: 0; background: #fff; border-radius: 6px; overflow-x: auto }
  code { font-size: .9em; white-space: nowrap }
{% block style %}{% endblock %}
</style>{% block head %}{% endblock %}</head><body>
<h1>{{ title }}</h1>
{% block body %}{% endblock %}
</body></html>
"""

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.ChoiceLoader([jinja2.DictLoader({"base": BASE}), jinja2.FileSystemLoader(TEMPLATES)]),
    autoescape=jinja2.select_autoescape(default_for_string=True, default=True, disabled_extensions=("md",)),
)


def render(template: str, title: str, **values: Any) -> str:
    """Returns the page; equal input gives equal text.

    `template`: jinja2 that begins with `{% extends "base" %}` and fills the blocks body, style and
    head. `values` are escaped, except what the template marks as `| safe`.
    """
    return ENVIRONMENT.from_string(template).render(title=title, **values)


def render_file(name: str, title: str, **values: Any) -> str:
    """Returns the page made from the template `name` in templates/, as `render` does."""
    return ENVIRONMENT.get_template(name).render(title=title, **values)


def render_text(name: str, **values: Any) -> str:
    """Returns the text made from the template `name` in templates/; nothing is escaped in a file that is no HTML."""
    return ENVIRONMENT.get_template(name).render(**values)
