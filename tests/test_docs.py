"""The pages tell the truth where a program can tell: what they name exists, and they are short."""

import re
from pathlib import Path

import pytest
from helpers.project import ROOT

from benchmarks import catalogue

README, CONTRIBUTING, CHANGELOG = (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG"))
OTHERS = [ROOT / "SECURITY.md", ROOT / "benchmarks" / "README.md"]
PAGES = [README, CONTRIBUTING, CHANGELOG, *OTHERS, *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
COMMANDS = {path.stem for room in ("stages", "commands") for path in (ROOT / "pipeline" / room).glob("[a-z]*.py")}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).with_suffix("").as_posix())


def anchors(page: Path) -> set[str]:
    """The names that a link into a page can have after its #, as GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@each_page
def test_every_command_that_is_named_exists(page):
    assert set(re.findall(r"python -m pipeline ([a-z]\w*)", TEXTS[page])) <= COMMANDS
    targets = " ".join(re.findall(r"(?:^ +|`)make ([a-z -]+)", TEXTS[page], re.MULTILINE))
    assert set(targets.split()) <= TARGETS
    measured = " ".join(re.findall(r"python -m benchmarks ([\w -]+)`", TEXTS[page])).split()
    catalogue.find([name for name in measured if not name.startswith("--")])


@each_page
def test_commands_have_no_former_name(page):
    if page != CHANGELOG:
        assert not re.findall(r"-m pipeline\.\w+|pipeline mend", TEXTS[page])


@each_page
def test_every_link_within_the_repository_resolves(page):
    links = re.findall(r"\]\(([^)\s]*)\)", TEXTS[page])
    for link in links:
        if not link.startswith("https://"):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            assert target.is_file(), link
            assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [README, CONTRIBUTING], ids=lambda page: page.stem)
def test_every_file_that_is_named_exists(page):
    for name in re.findall(r"`([\w/.]+/\w+\.py)`", TEXTS[page]):
        assert "NAME" in name or (ROOT / name).is_file() or (ROOT / "pipeline" / name).is_file(), name


def test_every_test_that_the_page_on_security_names_exists():
    named = re.findall(r"`([\w/]+/test_\w+\.py)`", TEXTS[ROOT / "SECURITY.md"])
    assert len(named) > 10
    for name in named:
        assert (ROOT / "tests" / name).is_file(), name


@pytest.mark.parametrize("page", [page for page in PAGES if page != CHANGELOG], ids=lambda page: page.stem)
def test_pages_are_short(page):
    written = re.sub(r"<!-- .*?<!-- end of.*?-->", "", TEXTS[page], flags=re.DOTALL)  # by hand
    assert written.count("\n") <= (126 if page == README else 100)


def test_every_page_is_reached_from_the_readme():
    reached = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", TEXTS[README]))
    assert {f"docs/{page.name}" for page in PAGES if page.parent == ROOT / "docs"} == reached


def test_the_layout_names_every_room():
    layout = TEXTS[README].partition("## Layout")[2].partition("\n## ")[0]
    rooms = {path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")}
    assert rooms <= set(layout.split())


def test_each_recipe_says_what_the_table_says_of_it():
    row = r"^\| `(\w+)` \|[^|]*\|[^|]*\| ([\d.]+) \|[^|]*\| ([\d.]+ ± [\d.]+) \|$"
    rows = re.findall(row, TEXTS[README], re.MULTILINE)
    assert len(rows) >= 6
    for name, minutes, accuracy in rows:
        comment, _, _ = (ROOT / "recipes" / f"{name}.yaml").read_text(encoding="utf-8").partition("\ntrain:")
        assert f"{accuracy} % of the test images" in comment and f"for {minutes} CPU minutes" in comment, name
