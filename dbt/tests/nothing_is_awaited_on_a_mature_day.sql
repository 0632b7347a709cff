-- A day is mature once GA4's day is final and the backend has passed it: then nothing of it is awaited any more. Rows returned
-- are mature days with rows that are, and days whose match rate lies outside its own interval.
select
    reconciliation_day,
    awaiting,
    match_rate,
    match_rate_lower,
    match_rate_upper
from {{ ref('rpt_daily_reconciliation') }}
where
    (is_mature and awaiting > 0)
    or is_mature != (is_ga4_final and is_backend_through)
    or (match_rate is null) != (match_rate_lower is null)
    -- a millionth of slack for the rounding of floats at 0 and 1
    or not coalesce(match_rate between match_rate_lower - 1e-6 and match_rate_upper + 1e-6, true)
