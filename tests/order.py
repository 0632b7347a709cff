"""Fast tests first, so that a mistake shows early: those that need no service, then the rest, the slow ones last."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_cost)  # stable: within one cost the order of the files stays


def _cost(item: pytest.Item) -> int:
    fixtures = set(getattr(item, "fixturenames", ()))
    if item.get_closest_marker("slow"):
        return 3
    if fixtures & {"real_days", "mortal"}:
        return 2
    return 1 if "services" in fixtures else 0
