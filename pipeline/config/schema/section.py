"""What the sections of params.yaml are made of: their common base, and kinds of text; and names that are in none."""

import difflib
import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from pipeline.core.addresses import has_password, mask_passwords


class Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def unknown(where: str, allowed: Iterable[str], missing: Iterable[str] = ()) -> str:
    """What to say of a key that is in no section: the name that was meant, if one is close, and what is allowed.

    `missing` are the allowed names that are not there: the likeliest to be meant.
    """
    name = where.rpartition(".")[2]
    close = difflib.get_close_matches(name, missing, n=1) or difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    absent = f"missing here: {', '.join(missing)}; " if missing else ""
    return f"unknown name {where}; {hint}{absent}allowed here: {', '.join(allowed)}"


def _one_line(text: str) -> str:
    """Refuses what no terminal, table or file can show: blank text, control characters, halves of surrogate pairs."""
    if not text.strip() or {unicodedata.category(sign) for sign in text} & {"Cc", "Cs", "Zl", "Zp"}:
        raise ValueError(f"should be a line of visible text, not {text!r}")
    return text


def _no_markup(text: str) -> str:
    if "<" in text or ">" in text:  # DVC (3.67) puts names into its page of plots as they are
        raise ValueError(f"should have neither < nor >, which a page takes for markup, not {text!r}")
    return text


def _no_password(address: str) -> str:
    if has_password(address):
        raise ValueError(
            f"{mask_passwords(address)} carries a password, which DVC would note in dvc.lock; it belongs into the "
            "configuration of fsspec (~/.config/fsspec/*.json) or into the environment"
        )
    return address


Line = Annotated[str, AfterValidator(_one_line)]
ClassName = Annotated[Line, AfterValidator(_no_markup)]
Source = Annotated[Line, AfterValidator(_no_password)]
DataSetName = Annotated[str, StringConstraints(pattern=r"^\w[\w .-]*$")]  # MLflow gives it to the registered model
FileName = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]*$")]
RelativePath = Annotated[str, StringConstraints(pattern=r"^\w[\w .-]*(/\w[\w .-]*)*$", max_length=1000)]  # in data/raw
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
