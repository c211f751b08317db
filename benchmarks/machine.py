"""What a result holds for: the processor, the versions, the state of the code."""

import datetime
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from pipeline.core.process import git

ROOT = Path(__file__).parents[1]
FLAGS = {
    "amx_tile": "AMX",
    "avx512_bf16": "avx512_bf16",
    "avx512_vnni": "avx512_vnni",
    "avx512f": "avx512",
    "avx2": "avx2",
}
PACKAGES = ["tensorflow", "keras", "mlflow", "dvc", "optuna"]


def describe() -> dict[str, Any]:
    """Processor, versions, threads, date, commit, and how busy the machine was just before."""
    status = git("status", "--porcelain", "--", "pipeline", "benchmarks", "params.yaml", "recipes", folder=ROOT)
    return {
        "processor": processor(cpuinfo()),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "threads": YAML(typ="safe", pure=True).load(ROOT / "params.yaml")["train"]["threads"],
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": (git("rev-parse", "HEAD", folder=ROOT) or b"unknown").decode().strip(),
        "uncommitted_changes": bool(status),
        "busy_before": busy(),
    }


def busy() -> float:
    """Per cent of the processor that something else uses just now."""
    return psutil.cpu_percent(interval=1)


def cpuinfo() -> dict[str, str]:
    """What Linux says about the first processor; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    text = path.read_text().partition("\n\n")[0] if path.exists() else ""
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def processor(info: dict[str, str]) -> dict[str, Any]:
    """Name, family and model (a name may stand for several), flags that matter here, cores, memory in GB."""
    has = info.get("flags", "").split()
    return {
        "name": info.get("model name") or platform.processor() or platform.machine(),
        "family": info.get("cpu family", ""),
        "model": info.get("model", ""),
        "flags": [shown for flag, shown in FLAGS.items() if flag in has],
        "cores": os.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
    }


def slug(found: dict[str, Any]) -> str:
    """The name of the folder for the results of a processor: `amd-epyc-family-26-model-2-cores-2`."""
    parts = [found["name"]] + [f"{key} {found[key]}" for key in ("family", "model", "cores") if found[key] != ""]
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", " ".join(parts).lower())).strip("-")


def title(found: dict[str, Any]) -> str:
    """A processor in a few words: its name, the most telling of its flags, its cores."""
    kind = f"family {found['family']}, model {found['model']}" if found["family"] else ""
    with_flags = ", ".join(found["flags"][:3]) or "no AVX"
    cores = f"{found['cores']} core{'s' if found['cores'] > 1 else ''}"
    return f"{found['name']} ({'; '.join(filter(None, [kind, with_flags, cores]))})"
