"""The result of the data checks as one HTML page that needs no network: verdict, table, class balance, sample grid."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from pipeline.data.arrays import Split
from pipeline.reporting import page

SAMPLES = 12  # images shown per class

PAGE = """{% extends "base" %}
{% block style %}  img { image-rendering: pixelated; vertical-align: middle; height: {{ row_height }}px }{% endblock %}
{% block body %}
<p class="{{ 'yes' if result.passed else 'no' }}">
{% if result.passed %}All {{ result.checks|length }} checks passed.
{% else %}{{ failed }} of {{ result.checks|length }} checks failed. Nothing was written.{% endif %}</p>
<h2>Checks</h2>
<div class="wide"><table><tr><th>Check</th><th>Allowed</th><th class="n">Rows</th><th class="n">Failed</th>
<th>First failures</th></tr>
{% for check in result.checks %}<tr><td><span class="{{ 'yes' if check.passed else 'no' }}">
{{- '✓' if check.passed else '✗' }}</span> {{ check.check }}</td>
<td>{{ check.allowed }}</td><td class="n">{{ '{:,}'.format(check.checked) }}</td>
<td class="n">{{ '{:,}'.format(check.failed) }}</td>
<td>{% for item in check.examples -%}
<code>{{ item.file }}[{{ item.index }}]</code> is {{ item.value }}<br>{% endfor %}</td></tr>
{% endfor %}</table></div>
{% for part, rows in result.classes|groupby('part')|reverse %}
<h2>Classes in {{ part }}</h2>
<div class="wide"><table><tr><th>Label</th><th>Class</th><th class="n">Images</th><th class="n">Share</th>
<th></th><th>Samples</th></tr>
{% for row in rows %}<tr><td>{{ row.index }}</td><td>{{ row.name }}</td>
<td class="n">{{ '{:,}'.format(row.count) }}</td><td class="n">{{ '{:.1%}'.format(row.share) }}</td>
<td><span class="bar" style="width:{{ (row.share / widest * 6)|round(2) }}rem"></span></td>
<td>{% if samples[part][row.index] -%}
<img alt="samples of {{ row.name }}" src="{{ samples[part][row.index] }}">{% endif %}</td></tr>
{% endfor %}</table></div>
{% endfor %}
{% endblock %}
"""


def render(result: dict[str, Any], parts: dict[str, Split], name: str) -> str:
    """Returns the page for what `checks.check` found in `parts`; equal input gives equal text."""
    labels = range(len({row["index"] for row in result["classes"]}))
    return page.render(
        PAGE,
        title=f"Data checks: {name}",
        result=result,
        failed=sum(not check["passed"] for check in result["checks"]),
        widest=max(row["share"] for row in result["classes"]) or 1,
        samples={part: [_strip(split, label) for label in labels] for part, split in parts.items()},
        row_height=max(32, min(64, next(iter(parts.values())).images.shape[1])),
    )


def _strip(split: Split, label: int) -> str | None:
    """The first images of a class side by side, as a data: URI of a PNG file; None where there are none."""
    found = np.flatnonzero(split.labels == label)[:SAMPLES]
    found = found[found < len(split.images)]
    if not len(found):
        return None
    strip = np.concatenate(list(split.images[found]), axis=1)
    file = io.BytesIO()
    Image.fromarray(strip.squeeze(-1) if strip.shape[-1] == 1 else strip).save(file, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
