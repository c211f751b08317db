"""What was found, in words; and the values for params.yaml as text that can be pasted there."""

from typing import Any

from pipeline.config.rewrite import EMPTY, dump, rewrite
from pipeline.core.errors import NAMED
from pipeline.description import settings
from pipeline.description.found import Found
from pipeline.description.settings import Setting

SIZES = 5  # how many sizes are named


def facts(found: Found) -> str:
    """Counts of each class in each part, the sizes, and what is wrong."""
    parts, shown = list(found.parts), found.classes[:NAMED]
    width = max(len(name) for name in (*shown, "class"))
    lines = [f"{'class':{width}}  " + "  ".join(f"{part:>10}" for part in parts)]
    for name in shown:
        counts = "  ".join(f"{found.parts[part].counts.get(name, 0):>10,}" for part in parts)
        lines.append(f"{name:{width}}  {counts}")
    if rest := len(found.classes) - len(shown):
        lines.append(f"… and {rest} more")
    lines.append(f"{'all':{width}}  " + "  ".join(f"{found.parts[part].images:>10,}" for part in parts))
    if "test" not in parts:
        lines.append(f"no part is for the test: {settings.share(found):.0%} of the images are taken for it")
    sizes = ", ".join(f"{height}×{width} ({count:,})" for (height, width), count in found.sizes.most_common(SIZES))
    lines.append(f"sizes, height×width: {sizes}" + (", …" if len(found.sizes) > SIZES else ""))
    lines += [f"note: {line}" if not line.startswith(" ") else line for line in found.notes]
    if found.problems:
        lines += [
            "mend this and describe it again, or `dvc repro` refuses it:",
            *(f"  {line}" for line in found.problems),
        ]
    return "\n".join(lines)


def to_paste(values: dict[str, Any], others: dict[str, Setting]) -> str:
    """The section dataset and the sources, and below them what has to change elsewhere, as YAML with comments."""
    tree: dict[str, Any] = {}
    for path, value in (values | {path: each.value for path, each in others.items()}).items():
        *above, key = path.split(".")
        node = tree
        for name in above:
            node = node.setdefault(name, {})
        node[key] = None if value == EMPTY else value
    comments = {path: each.why for path, each in others.items() if not isinstance(each.value, dict | list)}
    return rewrite(dump(tree), {}, comments)
