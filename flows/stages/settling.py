"""What the user settles about the rules, on the day of the run: own/rules.toml."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from expectations.settings import FILE, Settings, parse_settings
from flows.store.editions import find_editions
from transforms.errors import InputError


def tell_day() -> date:
    """The day on which waivers hold or have expired."""
    return datetime.now(UTC).date()


def load_settings(data_dir: Path) -> Settings:
    """What own/rules.toml says today; nothing where there is no such file. Raises InputError."""
    path = data_dir / "own" / "rules.toml"
    if not path.is_file():
        return Settings()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"the file cannot be read: {error}", file=FILE, todo="save it as UTF-8.") from None
    return parse_settings(text, tell_day(), [edition.dataset for edition in find_editions(data_dir)])
