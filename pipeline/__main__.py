"""The stages and commands of this project.

    python -m pipeline NAME --help         what one does, and its options

`dvc repro` runs the stages; the rest is for you to type. All settings stand in params.yaml.
"""

import sys

sys.dont_write_bytecode = True  # on a full disk, Python (3.11) keeps half a .pyc, and no later start works

from pipeline.core import interrupt, lean  # noqa: E402

if __name__ == "__main__":
    lean.install()
    with interrupt.handled():
        from pipeline.core import cli, menu  # here, where a Ctrl-C during the imports is no traceback

        cli.run_cli(lambda: menu.run(str(__doc__)))
