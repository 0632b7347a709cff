"""One small shop in the warehouse, and its page, for all tests that only read them."""

from pathlib import Path

import pytest

from journey.bigquery import Warehouse
from journey.settings import Settings
from report.page import write_report
from tests.report.made_marts import SMALL_SHOP, build
from tests.report.strict_html import Element, parse


@pytest.fixture(scope="module")
def small_shop(services: Settings) -> Settings:
    """Settings of a warehouse that holds SMALL_SHOP, the morning after its fourth and last day."""
    settings = Settings.model_validate(
        services.model_dump()
        | {"dataset_prefix": "report_small_", "start": "2020-11-01", "end": "2020-11-04", "as_of": "2020-11-05T09:30"}
    )
    build(Warehouse(settings), SMALL_SHOP)
    return settings


@pytest.fixture(scope="module")
def small_page(small_shop: Settings, tmp_path_factory: pytest.TempPathFactory) -> Element:
    """The page of SMALL_SHOP, parsed."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(small_shop, path)
    return parse(path.read_text())
