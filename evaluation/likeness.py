"""How like real days the made-up ones are: a classifier tries to tell their sessions apart, and should hardly manage.

An area under the ROC curve of 0.5 means that it cannot, 1 that it always can. Beside it stand figures of both sides,
which say where a difference lies. Sessions are what the export says they are: a browser and its ga_session_id.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import typer
from numpy.typing import NDArray

from journey.cli_options import examples, start
from journey.errors import BadInput
from journey.settings import Window
from synth import storefront
from synth.day_files import read_folder, write_day

BAR = 0.75
FEWEST_SESSIONS = 500  # with fewer the area is mostly chance

# One row a session; a feature a column.
SESSIONS = """
with events as (
  select
    user_pseudo_id, event_name, event_timestamp, device.category as device,
    [p.value.int_value for p in event_params if p.key = 'ga_session_id'][1] as session_id,
    [p.value.int_value for p in event_params if p.key = 'ga_session_number'][1] as session_number,
    [p.value.int_value for p in event_params if p.key = 'engagement_time_msec'][1] as engagement_msec,
    [p.value.string_value for p in event_params if p.key = 'session_engaged'][1] as engaged,
    [p.value.string_value for p in event_params if p.key = 'page_location'][1] as page,
    [p.value.string_value for p in event_params if p.key = 'medium'][1] as medium
  from read_parquet($files)
)
select
  count(*) as events,
  count(distinct event_timestamp) as uploads,
  (max(event_timestamp) - min(event_timestamp)) / 1e6 as seconds,
  count(distinct page) as pages,
  coalesce(sum(engagement_msec), 0) / 1e3 as engagement_seconds,
  coalesce(max(session_number), 0) as session_number,
  cast(bool_or(coalesce(engaged = '1', false)) as int) as engaged,
  avg(cast(medium is not null as int)) as events_with_a_medium,
  cast(any_value(device) = 'mobile' as int) as mobile,
  cast(any_value(device) = 'tablet' as int) as tablet,
  count(*) filter (event_name = 'first_visit') as first_visit,
  count(*) filter (event_name = 'session_start') as session_start,
  count(*) filter (event_name = 'page_view') as page_view,
  count(*) filter (event_name = 'user_engagement') as user_engagement,
  count(*) filter (event_name = 'scroll') as scroll,
  count(*) filter (event_name = 'view_item') as view_item,
  count(*) filter (event_name = 'view_promotion') as view_promotion,
  count(*) filter (event_name = 'add_to_cart') as add_to_cart,
  count(*) filter (event_name = 'begin_checkout') as begin_checkout,
  count(*) filter (event_name = 'purchase') as purchase
from events
group by user_pseudo_id, session_id
order by user_pseudo_id, session_id
"""


@dataclass(frozen=True)
class Sessions:
    """Features of sessions: one row each, columns by their names."""

    names: tuple[str, ...]
    values: NDArray[np.float64]

    def column(self, name: str) -> NDArray[np.float64]:
        """One feature of all sessions."""
        found: NDArray[np.float64] = self.values[:, self.names.index(name)]
        return found


def sessions_of(files: list[Path]) -> Sessions:
    """The sessions of day files."""
    found = duckdb.connect().execute(SESSIONS, {"files": [str(file) for file in files]})
    names = tuple(str(column[0]) for column in found.description)
    return Sessions(names, np.array(found.fetchall(), dtype=np.float64))


def area(one: Sessions, other: Sessions) -> float:
    """How well a classifier tells the sessions of two sides apart: the area under its ROC curve, cross-validated.

    Raises: BadInput, when there are too few sessions to tell anything.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    fewest = min(len(one.values), len(other.values))
    if fewest < FEWEST_SESSIONS:
        raise BadInput(f"{fewest} sessions are too few to judge by: give more days, or a larger --scale")
    features = np.vstack([one.values, other.values])
    sides = np.repeat([0, 1], [len(one.values), len(other.values)])
    chances = cross_val_predict(
        HistGradientBoostingClassifier(max_iter=60, random_state=0),
        features,
        sides,
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
        method="predict_proba",
    )
    return float(roc_auc_score(sides, chances[:, 1]))


def figures_of(sessions: Sessions) -> dict[str, float]:
    """What a person compares first."""
    several = sessions.column("page_view") > 1
    return {
        "events a session": float(sessions.column("events").mean()),
        "page views a session": float(sessions.column("page_view").mean()),
        "sessions of one page, share": float(1 - several.mean()),
        "seconds a session, median of more than one page": float(np.median(sessions.column("seconds")[several])),
        "engagement seconds a session, mean": float(sessions.column("engagement_seconds").mean()),
        "engaged sessions, share": float(sessions.column("engaged").mean()),
        "events with a medium, share": float(sessions.column("events_with_a_medium").mean()),
        "sessions with an item, share": float((sessions.column("view_item") > 0).mean()),
        "sessions with a checkout, share": float((sessions.column("begin_checkout") > 0).mean()),
        "sessions with a purchase, share": float((sessions.column("purchase") > 0).mean()),
    }


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples('make likeness ARGS="--days ../shared/ga4"', "python -m evaluation.likeness --days DAYS --seed 7"),
)
def likeness(
    days: Annotated[Path, typer.Option(help="A folder of real days, events_YYYYMMDD.parquet.")],
    seed: Annotated[int, typer.Option(help="Seed of the made-up days.")] = 42,
    scale: Annotated[float, typer.Option(help="Size of the made-up shop; 1 is the real one's.")] = 1.0,
) -> None:
    """Make the same days up as the folder holds, and say how well they can be told apart.

    Exit code 1: better than they should be.
    """
    real = read_folder(days)
    wanted = {file.day for file in real}
    print(f"making {len(wanted)} days up and comparing their sessions")
    with tempfile.TemporaryDirectory(prefix="journey-likeness-") as folder:
        made = Path(folder)
        # days in between are made, too, for people come back
        for day, table in storefront.days(Window(min(wanted), max(wanted)).days(), scale, seed):
            if day in wanted:
                write_day(made, day, [table])
        ours, theirs = sessions_of(sorted(made.glob("*.parquet"))), sessions_of([file.path for file in real])
    print(f"{'':50}{'real':>10}{'made up':>10}")
    made_up = figures_of(ours)
    for name, figure in figures_of(theirs).items():
        print(f"{name:50}{figure:10.3f}{made_up[name]:10.3f}")
    found = area(theirs, ours)
    print(f"sessions: {len(theirs.values):,} real, {len(ours.values):,} made up")
    print(f"told apart with an area under the curve of {found:.3f} (0.5: not at all; the bar is {BAR})")
    raise typer.Exit(1 if found > BAR else 0)


if __name__ == "__main__":
    start(app, "python -m evaluation.likeness")
