"""The deployments of prefect.yaml: the one place where they and their schedules are declared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from transforms.errors import InputError

FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"


@dataclass(frozen=True)
class Deployment:
    """A flow (file:function) with parameters, tags and the times at which it runs: (cron line, time zone)."""

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    parameters: dict[str, Any]
    times: tuple[tuple[str, str], ...]
    limit: int | None

    def find_next(self, now: datetime) -> datetime | None:
        """The next time by its cron lines, in their time zone; None where it has none. now: with a time zone."""
        from cronsim import CronSim

        found = [next(CronSim(cron, now.astimezone(ZoneInfo(zone)))) for cron, zone in self.times]
        return min(found, key=lambda time: time.astimezone(UTC), default=None)


def load_deployments(path: Path = FILE) -> list[Deployment]:
    """All deployments, in their order. Raises InputError that names what is to be mended."""
    import yaml

    shown = path.name
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", file=shown, todo="put it back.") from None
    except yaml.YAMLError as error:
        raise InputError(f"the file is not YAML: {error}", file=shown, todo="mend the line named.") from None
    listed = told.get("deployments") if isinstance(told, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InputError("the file declares no deployments", file=shown, todo="list them under deployments.")
    return [_check(entry, number, shown) for number, entry in enumerate(listed, 1)]


def _check(entry: Any, number: int, shown: str) -> Deployment:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not name or not entry.get("entrypoint"):
        raise InputError(f"deployment {number} has no name or no entrypoint", file=shown, todo="give it both.")
    times = tuple((str(time.get("cron")), str(time.get("timezone", "UTC"))) for time in entry.get("schedules") or ())
    for cron, zone in times:
        _check_time(cron, zone, name, shown)
    limit = entry.get("concurrency_limit")
    return Deployment(
        name,
        entry["entrypoint"],
        entry.get("description", ""),
        tuple(entry.get("tags") or ()),
        dict(entry.get("parameters") or {}),
        times,
        limit["limit"] if isinstance(limit, dict) else limit,
    )


def _check_time(cron: str, zone: str, name: str, shown: str) -> None:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(cron, datetime.now(ZoneInfo(zone)))
    except CronSimError as error:
        raise InputError(
            f"the cron line of {name} cannot be read: {error}",
            file=shown,
            found=cron,
            todo='write it like "0 2 * * *".',
        ) from None
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError(
            f"the time zone of {name} is not known", file=shown, found=zone, todo="write it like Asia/Shanghai."
        ) from None
