"""The model card: what the report says, as a page of Markdown with the sections of Hugging Face's model cards."""

import re

from pipeline.config.schema import Behaviour
from pipeline.evaluation.findings import Findings
from pipeline.reporting import page
from pipeline.reporting.model_report import Origin, class_rows


def render(found: Findings, origin: Origin, image_shape: tuple[int, int, int], limits: Behaviour) -> str:
    """Returns the text; equal input gives equal text. `limits` are those of the behaviour tests."""
    text = page.render_text(
        "card.md",
        found=found,
        origin=origin,
        shape=image_shape,
        limits=limits,
        class_rows=class_rows(found),
        percent=percent,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def percent(value: float, digits: int = 1) -> str:
    """0.919 → "91.9 %"."""
    return f"{value * 100:.{digits}f} %"
