-- A timeline has no more lanes in a group and sessions in a lane than the vars allow, each lane begins at 0 seconds, and no
-- mark ends before it begins. Rows returned are lanes that do otherwise.
select
    lane_group,
    lane_order
from {{ ref('rpt_journey_timeline') }}
group by lane_group, lane_order
having
    min(seconds_from_first) != 0
    or lane_order > {{ var('timeline_lanes') }}
    or countif(mark = 'session') > {{ var('timeline_sessions') }} + 1
    or countif(ended_at < started_at or seconds_until_end < seconds_from_first) > 0
    or count(distinct reconciliation_key) != 1
