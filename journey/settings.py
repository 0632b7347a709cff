"""The one place that reads the environment. A wrong value is refused before anything starts."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from journey.errors import BadInput

# The public sample ends on 2021-01-31; these two months are the ones this project was measured on.
SAMPLE_START = date(2020, 11, 1)
SAMPLE_END = date(2020, 12, 31)


@dataclass(frozen=True)
class Window:
    """Days of the GA4 export, both ends inclusive, UTC."""

    start: date
    end: date

    def days(self) -> list[date]:
        """Every day of the window, in order."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)]

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _day_is_its_end(value: Any) -> Any:
    """'As of 2020-11-30' includes that day: the moment is the midnight that ends it."""
    if isinstance(value, str) and len(value) == 10:
        return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC) + timedelta(days=1)
    return value


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is not an IANA time zone such as America/Los_Angeles")
    return value


OptionalDay = Annotated[date | None, BeforeValidator(_empty_is_none)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_is_none)]
Moment = Annotated[
    datetime | None, BeforeValidator(_day_is_its_end), BeforeValidator(_empty_is_none), AfterValidator(_in_utc)
]

# Names that other tools read too keep their own spelling; every other setting is JOURNEY_<NAME>.
STANDARD_NAMES = {
    "project": "GOOGLE_CLOUD_PROJECT",
    "emulator_host": "BIGQUERY_EMULATOR_HOST",
}


class Settings(BaseModel):
    """Everything a stage may be told.

    Days are UTC days of the export, `as_of` is a moment in UTC, `gap_rate` a share from 0 up to, not including, 1.
    `start` and `end` None: the last four days the source holds (GA4 may change a day for three days after it).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    project: str = Field("customer-journey", pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")
    emulator_host: OptionalText = Field(None, pattern=r"^https?://[^/\s]+$")
    storage_host: OptionalText = Field(None, pattern=r"^[^/:\s]+:\d+$")
    location: str = Field("US", pattern=r"^[A-Za-z0-9-]+$")
    ga4_source: str = Field(
        "bigquery-public-data.ga4_obfuscated_sample_ecommerce", pattern=r"^[a-z][a-z0-9-]*\.[A-Za-z0-9_]+$"
    )
    start: OptionalDay = SAMPLE_START
    end: OptionalDay = SAMPLE_END
    as_of: Moment = None
    backend: Literal["synthetic", "existing"] = "synthetic"
    backend_schema: str = Field("shop", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    seed: int = Field(42, ge=0, lt=2**32)
    gap_rate: float = Field(0.175, ge=0, lt=1)
    dataset_prefix: str = Field("", pattern=r"^[A-Za-z0-9_]*$")
    email_salt: str = Field("customer-journey", min_length=1, repr=False)
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "America/Los_Angeles"
    full_reload: bool = False

    @model_validator(mode="after")
    def _window_is_forward(self) -> Self:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"END {self.end} lies before START {self.start}: give an END on or after it")
        if (self.start is None) != (self.end is None):
            raise ValueError("START and END go together: give both, or leave both empty for the last four days")
        return self

    @classmethod
    def from_environment(cls, **overrides: Any) -> Self:
        """Settings from the environment; `overrides` win, those that are None do not count.

        Raises: BadInput, naming the variable, its value and what is allowed.
        """
        given = {
            name: os.environ[variable] for name in cls.model_fields if (variable := variable_of(name)) in os.environ
        }
        given |= {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise BadInput(_sentence(error)) from None

    @classmethod
    def from_parameters(cls, values: Mapping[str, str]) -> Self:
        """Settings as the parameters of a workflow give them, whatever the environment holds.

        Raises: BadInput, naming the parameter, its value and what is allowed.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise BadInput(_sentence(error, "parameter {}".format)) from None

    @property
    def now(self) -> datetime:
        """The moment after which nothing exists, UTC."""
        return self.as_of or datetime.now(UTC)

    @property
    def window(self) -> Window | None:
        """The days asked for; None means the last four that the source holds."""
        return Window(self.start, self.end) if self.start and self.end else None

    def dataset(self, name: str) -> str:
        """The full id of one of our datasets, `project.prefix_name`."""
        return f"{self.project}.{self.dataset_prefix}{name}"

    def environment(self) -> dict[str, str]:
        """These settings as the variables that `from_environment` reads, for child processes."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        # Google's own client takes an empty BIGQUERY_EMULATOR_HOST for an address, so no emulator means no variable
        hosts = ("emulator_host", "storage_host")
        return {variable_of(n): _as_text(v) for n, v in values.items() if not (n in hosts and v is None)}


def variable_of(name: str) -> str:
    """The environment variable that sets a field of Settings."""
    return STANDARD_NAMES.get(name, f"JOURNEY_{name.upper()}")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


_ALLOWED = {
    "project": "a Google Cloud project id of 6 to 30 lower-case letters, digits and hyphens",
    "emulator_host": "a URL such as http://127.0.0.1:9050",
    "storage_host": "host:port such as 127.0.0.1:9060",
    "location": "a BigQuery location such as US or europe-west1",
    "ga4_source": "project.dataset that holds events_YYYYMMDD",
    "start": "a day such as 2020-11-01, or empty",
    "end": "a day such as 2020-12-31, or empty",
    "as_of": "a day or a time such as 2020-12-31 or 2020-12-31T12:00:00Z, or empty for now",
    "backend": "synthetic or existing",
    "backend_schema": "the name of a PostgreSQL schema in lower case",
    "seed": "a whole number from 0 to 4294967295",
    "gap_rate": "a share from 0 up to, not including, 1, such as 0.175",
    "dataset_prefix": "letters, digits and underscores",
    "email_salt": "a text that is not empty, secret and always the same",
    "time_zone": "an IANA time zone such as America/Los_Angeles",
    "full_reload": "true or false",
}


def _sentence(error: ValidationError, called: Callable[[str], str] = variable_of) -> str:
    """The first thing wrong, as one sentence; `called` says what a setting is called there."""
    first = error.errors()[0]
    if not first["loc"]:
        return str(first["msg"]).removeprefix("Value error, ")
    name = str(first["loc"][0])
    if name not in _ALLOWED:
        return f"there is no setting {name}"
    return f"{called(name)} is {str(first['input'])!r}, which is not allowed: give {_ALLOWED[name]}"
