"""What the sections of params.yaml are made of: their common base, and kinds of text."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def _one_line(text: str) -> str:
    """Refuses what no terminal, table or file can show: blank text, control characters, halves of surrogate pairs."""
    if not text.strip() or {unicodedata.category(sign) for sign in text} & {"Cc", "Cs", "Zl", "Zp"}:
        raise ValueError(f"should be a line of visible text, not {text!r}")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
FileName = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
