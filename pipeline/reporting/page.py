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
    --alarm: #b3121d; --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, serif }
  @media screen and (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e4e6e8; --faint: #9aa2ab;
    --line: #343a41; --accent: #74aee6; --alarm: #ff8078 } }
  body { font: 16px/1.55 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto 4rem; padding: 0 1rem;
    color: var(--ink); background: var(--paper); overflow-wrap: break-word }
  h1, h2, .figure { font-family: var(--serif); font-weight: 600; text-wrap: balance }
  h1 { font-size: 2.1rem; line-height: 1.2; margin: 2.5rem 0 .3rem; overflow-wrap: anywhere }
  h2 { font-size: 1.45rem; margin: 3.2rem 0 .4rem } h3 { font-size: 1rem; margin: 1.6rem 0 .3rem }
  p { max-width: 44rem; margin: .4rem 0 } .lead { font-size: 1.15rem }
  small, .note { color: var(--faint); font-size: .85rem }
  a { color: var(--accent) } :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
  .hero { display: grid; grid-template-columns: auto 1fr; gap: 1rem 2.5rem; align-items: center; margin: 1.6rem 0;
    padding: 1.4rem 0; border: solid var(--line); border-width: 1px 0 }
  .hero .figure { font-size: clamp(3rem, 11vw, 5.2rem); line-height: 1; color: var(--accent);
    font-variant-numeric: lining-nums; white-space: nowrap }
  .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1.2rem 2.5rem;
    margin: 1.2rem 0 }
  .tiles .figure { font-size: 1.7rem; line-height: 1.3; overflow-wrap: anywhere } .tiles p { margin: 0 }
  .wide { --edge: color-mix(in srgb, var(--ink) 28%, transparent); overflow-x: auto; background:
    linear-gradient(90deg, var(--paper) 50%, transparent) left / 2.4rem 100% no-repeat local,
    linear-gradient(270deg, var(--paper) 50%, transparent) right / 2.4rem 100% no-repeat local,
    linear-gradient(90deg, var(--edge), transparent) left / .7rem 100% no-repeat scroll,
    linear-gradient(270deg, var(--edge), transparent) right / .7rem 100% no-repeat scroll }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line) }
  th { color: var(--faint); font-weight: 500 } thead th { vertical-align: bottom }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } td.n { white-space: nowrap }
  th:last-child, td:last-child { padding-right: 0 }
  .yes { color: var(--accent) } .no { color: var(--alarm); font-weight: 600 }
  .bar { background: var(--accent); height: .8rem; display: inline-block; border-radius: 2px }
  figure { margin: 0 }
  code { font-size: .9em }
  pre { overflow-x: auto; font-size: .82rem; line-height: 1.4; padding: .8rem 1rem; border: 1px solid var(--line);
    border-radius: 6px; user-select: all }
  details { margin: .6rem 0 } summary { cursor: pointer; color: var(--accent) }
  @media (max-width: 38rem) { .hero { grid-template-columns: 1fr } h1 { margin-top: 1rem }
    .tiles { grid-template-columns: 1fr 1fr; gap: 1.2rem }
    table { font-size: .82rem } th, td { padding-right: .55rem } }
  @media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #555; --line: #ccc;
    --accent: #1d4f86; --alarm: #b3121d }
    body { max-width: none; margin: 0; font-size: 10.5pt; print-color-adjust: exact } h1 { margin-top: 0 }
    h2 { margin-top: 2rem } h2, h3, h2 + p, h3 + p { break-after: avoid } table, tr, figure, pre { break-inside: avoid }
    .tiles { grid-template-columns: repeat(4, 1fr) } .wide { overflow: visible; background: none }
    pre { white-space: pre-wrap; overflow-wrap: anywhere }
    .pressed, details:not([open]) { display: none } }
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
