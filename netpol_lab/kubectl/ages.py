"""How kubectl writes times: ``AGE`` columns and the stamps of ``describe``."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime


def parse_time(stamp: str) -> datetime | None:
    """The moment of an API time stamp (``2026-11-20T18:13:42Z``); None when it is not one."""
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def age(stamp: str, now: datetime) -> str:
    """The age of something created at ``stamp``.

    >>> age("2026-11-20T18:13:42Z", datetime(2026, 11, 20, 18, 15, 41, tzinfo=UTC))
    '119s'
    """
    created = parse_time(stamp)
    return human_duration((now - created).total_seconds()) if created else "<unknown>"


def human_duration(seconds: float) -> str:
    """A duration in the two largest units that matter (``k8s.io/apimachinery/pkg/util/duration``).

    >>> [human_duration(s) for s in (119, 180, 599, 10740, 14460, 97200, 176400, 2937600)]
    ['119s', '3m', '9m59s', '179m', '4h1m', '27h', '2d1h', '34d']
    """
    if seconds <= -2:
        return "<invalid>"
    whole = max(int(seconds), 0)
    minutes, hours = whole // 60, whole // 3600
    days = hours // 24
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    return _pair(days // 365, "y", days % 365, "d") if days < 8 * 365 else f"{days // 365}y"


def _pair(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def rfc1123(stamp: str) -> str:
    """As ``describe`` writes most times, whatever language the student's machine speaks.

    >>> rfc1123("2026-11-20T18:17:39Z")
    'Fri, 20 Nov 2026 18:17:39 +0000'
    """
    moment = parse_time(stamp)
    return format_datetime(moment) if moment else "<unknown>"


def go_time(stamp: str) -> str:
    """As ``describe networkpolicy`` writes it: ``2026-11-20 18:13:42 +0000 UTC``."""
    moment = parse_time(stamp)
    return f"{moment:%Y-%m-%d %H:%M:%S} +0000 UTC" if moment else "<unknown>"
