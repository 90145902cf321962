"""What a reader may rely on: rooms keep their borders, versions are locked, documents stay true and short."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORBIDDEN = {
    "transforms": {"prefect", "great_expectations", "requests", "httpx", "urllib", "socket", "flows", "expectations",
                   "time", "random"},
    "expectations": {"prefect", "flows", "requests", "httpx", "urllib", "socket"},
}  # fmt: skip
CLOCK = re.compile(r"\b(now|today|utcnow|current_date|current_timestamp)\(", re.IGNORECASE)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_import_only_what_they_may(room: str) -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in imported(path) & FORBIDDEN[room]
    }
    assert found == set()


def test_transforms_know_no_clock() -> None:
    files = [path for ending in ("py", "sql") for path in sorted((ROOT / "transforms").rglob(f"*.{ending}"))]
    assert [path.name for path in files if CLOCK.search(path.read_text(encoding="utf-8"))] == []


def test_only_the_flow_modules_import_prefect_and_only_when_called() -> None:
    top_level = {
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "flows").rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prefect"
    }
    assert top_level == {"flows/orchestrate.py"}


def test_lock_has_hashes_and_no_addresses_and_meets_the_pins() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock and "index" not in lock.split("==")[0]
    blocks = re.split(r"\n(?=[a-z0-9])", lock.strip())
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)
    versions = {block.split("==")[0].strip(): block.split("==")[1].split()[0] for block in blocks}
    numbers = {name: tuple(map(int, re.findall(r"\d+", version)[:3])) for name, version in versions.items()}
    assert versions["prefect"] == "3.8.8" and versions["great-expectations"] == "1.24.1"
    assert numbers["fastapi"] < (0, 150) and numbers["sqlalchemy"] < (2, 1)
    assert (1, 5, 6) <= numbers["duckdb"] < (2, 0)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[<>=!]", line)[0] for line in wanted} <= set(versions)


def test_ci_does_what_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 200
    assert "    make run " in readme and "    make test " in readme
    commands = [
        line for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
    ]
    assert commands[-1] == "make test"


def test_relative_links_of_the_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
