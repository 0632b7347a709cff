"""The salt of hashed e-mail addresses is a row of a table, and in no statement."""

from journey.bigquery import Warehouse
from journey.settings import Settings
from load.salt import EMAIL_SALT, write_salt


def salted(settings: Settings, salt: str) -> Warehouse:
    return Warehouse(settings.model_copy(update={"email_salt": salt}))


def held(warehouse: Warehouse) -> list[str]:
    return [row["salt"] for row in warehouse.rows(f"select salt from `{EMAIL_SALT.id(warehouse.settings)}`")]


def test_the_salt_is_one_row_and_the_newest_one(settings: Settings) -> None:
    for salt in ("pepper", "pepper", "it's \\ ünïcode"):
        write_salt(salted(settings, salt))
        assert held(salted(settings, salt)) == [salt]


def test_no_job_s_text_holds_it(settings: Settings) -> None:
    warehouse = salted(settings, "a-salt-of-its-own")
    write_salt(warehouse)
    jobs = [job.to_api_repr() for job in warehouse.client.list_jobs()]
    assert jobs
    assert "a-salt-of-its-own" not in str(jobs)
    assert "a-salt-of-its-own" not in repr(warehouse.settings)
