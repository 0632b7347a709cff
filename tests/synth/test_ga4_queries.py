"""The questions to GA4 are GoogleSQL, over a whole export and over one that lost a column."""

import pytest

from journey.ga4_export import EXPORT
from synth.ga4_queries import OPTIONAL, texts
from tests.dialect import Dialect, bigquery_type

WHOLE, DRIFTED = (f"bigquery-public-data.ga4_obfuscated_sample_ecommerce.events_2020110{n}" for n in (1, 2))


@pytest.mark.parametrize("lost", [set(), *({name} for name in sorted(OPTIONAL)), set(OPTIONAL)], ids=str)
def test_every_text_is_googlesql_whatever_a_day_lost(lost: set[str]) -> None:
    dialect = Dialect("customer-journey")
    dialect.add_table(WHOLE, EXPORT)
    dialect.add_table(DRIFTED, [field for field in EXPORT if field.name not in lost])
    for name, sql in texts({WHOLE: OPTIONAL, DRIFTED: OPTIONAL - lost}).items():
        (statement,) = dialect.check(sql, {"before": bigquery_type("INT64")})
        names = [column for column, _ in statement.columns]
        assert (
            names[0] == {"purchases": "transaction_id", "carts": "user_pseudo_id", "visitors": "user_pseudo_id"}[name]
        )
