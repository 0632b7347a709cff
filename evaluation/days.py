"""Days to evaluate on: simulated ones, of whose purchases some lose their id.

The simulated purchases without an id are few, and like the sample's they carry no amount and no items. So of the others
some lose what those lost, and some lose the id alone.
"""

from pathlib import Path

import duckdb

from journey.settings import Window
from synth import storefront
from synth.day_files import write_day

SEED = 42
LOST_ALL, LOST_ID = 0.04, 0.04  # of the purchases that have an id; the sample lost 3 %

# A reloaded page sends its purchase twice: without an id the two would be two purchases, so such pages keep theirs.
CHOSEN = """
create or replace table chosen as
with purchase as (
    select list_filter(event_params, lambda p: p.key = 'transaction_id')[1].value as id
    from read_parquet(?)
    where event_name = 'purchase'
),
once as (
    select coalesce(id.string_value, id.int_value::varchar) as id
    from purchase
    group by all
    having count(*) = 1 and id is not null
)
select id, hash(id) % 1000 / 1000.0 as share
from once
"""
REWRITTEN = """
copy (
    select * exclude (lost) replace (
        case
            when lost is null then event_params
            when lost = 'id' then list_filter(event_params, lambda p: p.key != 'transaction_id')
            else list_filter(event_params, lambda p: p.key not in ('transaction_id', 'value', 'tax'))
        end as event_params,
        case
            when lost is null then ecommerce
            when lost = 'id' then struct_update(ecommerce, transaction_id := null::varchar)
        end as ecommerce,
        case when lost is not distinct from 'all' then [] else items end as items
    )
    from (
        select
            e.*,
            case when c.share < {all} then 'all' when c.share < {all} + {id} then 'id' end as lost
        from read_parquet('{file}') as e
        left join chosen as c
            on e.event_name = 'purchase'
            and c.id = list_transform(
                list_filter(e.event_params, lambda p: p.key = 'transaction_id'),
                lambda p: coalesce(p.value.string_value, p.value.int_value::varchar)
            )[1]
    )
) to '{target}' (format parquet, compression zstd)
"""


def simulate(folder: Path, window: Window, scale: float) -> None:
    """Write the window's days at this scale (1: the real shop's size, 40,000 events a day)."""
    whole = folder / "whole"
    whole.mkdir(parents=True)
    for day, table in storefront.days(window.days(), scale, SEED):
        write_day(whole, day, [table])
    db = duckdb.connect()
    db.execute(CHOSEN, [str(whole / "events_*.parquet")])
    for file in sorted(whole.glob("events_*.parquet")):
        db.execute(REWRITTEN.format(file=file, target=folder / file.name, all=LOST_ALL, id=LOST_ID))
