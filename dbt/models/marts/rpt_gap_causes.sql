-- Grain: one row per (gap, dimension, slice): where orders are missing on one side more often than elsewhere.
--
-- Many slices are looked at, and the worst of many looks bad by chance. So each has an exact test of its own (counts are
-- small), the false-discovery rate is held over the slices of a gap (Benjamini and Hochberg 1995), and slices too small to show
-- a cause, whatever happened in them, are not counted among those looked at (Tarone 1990, Gilbert 2005): a hundred countries of
-- two orders would cost the payment methods their evidence. One in a hundred, not one in twenty: this runs every day.
--
-- Slices overlap. Where most who pay by a method that loses orders live in one country, that country loses orders, too, and as
-- it holds two such methods it may look worse than either. So what is suspected in one dimension is tested once more without
-- the rows of what is suspected in another, and the other way round. Of the two dimensions the one with more left is the cause;
-- of the other one only slices that stand by themselves.
{%- set dimensions = ['payment_method', 'country', 'device_category', 'browser', 'day', 'hour'] %}

with

reconciled as (

    select * from {{ ref('fct_reconciliation') }}
    where status in ('matched', 'amount_mismatch', 'missing_in_backend', 'missing_in_ga4')

),

users as (

    select
        user_id,
        country

    from {{ ref('stg_users') }}

),

sessions as (

    select
        session_key,
        device_category,
        browser,
        country

    from {{ ref('int_sessions') }}
    where purchase_at is not null

),

-- An order that GA4 never saw has no device, and a purchase that the shop never stored no payment: a slice is of what the side
-- that has the row knows of every row, missing or not.
at_risk as (

    select
        'missing_in_ga4' as gap,
        reconciled.reconciliation_key,
        reconciled.status = 'missing_in_ga4' as is_missing,
        coalesce(reconciled.payment_method, 'unknown') as payment_method,
        coalesce(users.country, 'unknown') as country,
        cast(null as string) as device_category,
        cast(null as string) as browser,
        format_timestamp('%Y-%m-%d', reconciled.ordered_at) as day,
        format_timestamp('%H', reconciled.ordered_at) as hour

    from reconciled
    left join users on reconciled.user_id = users.user_id
    where reconciled.order_id is not null

    union all

    select
        'missing_in_backend' as gap,
        reconciled.reconciliation_key,
        reconciled.status = 'missing_in_backend' as is_missing,
        cast(null as string) as payment_method,
        coalesce(sessions.country, 'unknown') as country,
        coalesce(sessions.device_category, 'unknown') as device_category,
        coalesce(sessions.browser, 'unknown') as browser,
        format_timestamp('%Y-%m-%d', reconciled.purchased_at) as day,
        format_timestamp('%H', reconciled.purchased_at) as hour

    from reconciled
    left join sessions on reconciled.session_key = sessions.session_key
    where reconciled.purchase_events > 0

),

cuts as (

    select
        at_risk.gap,
        at_risk.reconciliation_key,
        at_risk.is_missing,
        cut.dimension,
        cut.slice

    from at_risk
    cross join
        unnest([
            {%- for dimension in dimensions %}
            struct('{{ dimension }}' as dimension, at_risk.{{ dimension }} as slice){{ ',' if not loop.last }}
            {%- endfor %}
        ]) as cut
    where cut.slice is not null

),

slices as (

    select
        gap,
        dimension,
        slice,
        count(*) as rows_at_risk,
        countif(is_missing) as missing,
        -- every row is in one slice of each dimension; the emulator's sum is wider than INT64
        cast(sum(count(*)) over (partition by gap, dimension) as int64) as all_rows,
        cast(sum(countif(is_missing)) over (partition by gap, dimension) as int64) as all_missing

    from cuts
    group by gap, dimension, slice

),

{{ fisher('tested', 'slices', ['gap', 'dimension', 'slice']) }},

ranked as (

    select
        slices.*,
        tested.p_value,
        tested.least_p_value <= 0.01 as is_testable,
        count(*) over (partition by slices.gap, tested.least_p_value <= 0.01) as tests,
        row_number() over (
            partition by slices.gap, tested.least_p_value <= 0.01
            order by tested.p_value, slices.dimension, slices.slice
        ) as place,
        slices.missing / slices.rows_at_risk as missing_rate,
        (slices.all_missing - slices.missing) / nullif(slices.all_rows - slices.rows_at_risk, 0) as elsewhere_rate

    from slices
    inner join tested
        on slices.gap = tested.gap and slices.dimension = tested.dimension and slices.slice = tested.slice

),

adjusted as (

    select
        *,
        missing_rate / nullif(elsewhere_rate, 0) as lift,
        if(
            is_testable,
            least(
                min(p_value * tests / place) over (
                    partition by gap, is_testable order by place desc rows between unbounded preceding and current row
                ),
                1
            ),
            null
        ) as q_value

    from ranked

),

suspected as (

    select
        *,
        -- nothing missing elsewhere is more than any lift
        coalesce(q_value <= 0.01, false) and missing_rate >= 1.5 * coalesce(elsewhere_rate, 1) as is_suspected

    from adjusted

),

suspected_dimensions as (

    select
        gap,
        dimension,
        min(p_value) as p_value

    from suspected
    where is_suspected
    group by gap, dimension

),

suspected_rows as (

    select
        cuts.gap,
        cuts.dimension,
        cuts.reconciliation_key

    from cuts
    inner join suspected
        on cuts.gap = suspected.gap and cuts.dimension = suspected.dimension and cuts.slice = suspected.slice
    where suspected.is_suspected

),

-- A dimension with suspects, without the rows of another's.
slices_apart as (

    select
        cuts.gap,
        cuts.dimension,
        cuts.slice,
        other.dimension as other_dimension,
        count(*) as rows_at_risk,
        countif(cuts.is_missing) as missing,
        cast(sum(count(*)) over (partition by cuts.gap, cuts.dimension, other.dimension) as int64) as all_rows,
        cast(
            sum(countif(cuts.is_missing)) over (partition by cuts.gap, cuts.dimension, other.dimension) as int64
        ) as all_missing

    from cuts
    inner join suspected_dimensions as own on cuts.gap = own.gap and cuts.dimension = own.dimension
    inner join suspected_dimensions as other on cuts.gap = other.gap and cuts.dimension != other.dimension
    left join suspected_rows
        on
            cuts.gap = suspected_rows.gap
            and other.dimension = suspected_rows.dimension
            and cuts.reconciliation_key = suspected_rows.reconciliation_key
    where suspected_rows.reconciliation_key is null
    group by cuts.gap, cuts.dimension, cuts.slice, other.dimension

),

{{ fisher('tested_apart', 'slices_apart', ['gap', 'dimension', 'slice', 'other_dimension']) }},

-- A suspect that has no row left has nothing left to show.
apart as (

    select
        suspected.gap,
        suspected.dimension,
        suspected.slice,
        other.dimension as other_dimension,
        coalesce(tested_apart.p_value, 1) as p_value_apart

    from suspected
    inner join suspected_dimensions as other on suspected.gap = other.gap and suspected.dimension != other.dimension
    left join tested_apart
        on
            suspected.gap = tested_apart.gap
            and suspected.dimension = tested_apart.dimension
            and suspected.slice = tested_apart.slice
            and other.dimension = tested_apart.other_dimension
    where suspected.is_suspected

),

left_over as (

    select
        gap,
        dimension,
        other_dimension,
        min(p_value_apart) as p_value_apart

    from apart
    group by gap, dimension, other_dimension

),

-- Pairs of dimensions of which the first has less left.
lesser as (

    select
        own.gap,
        own.dimension,
        own.other_dimension

    from left_over as own
    inner join left_over as other
        on own.gap = other.gap and own.dimension = other.other_dimension and own.other_dimension = other.dimension
    inner join suspected_dimensions as own_best on own.gap = own_best.gap and own.dimension = own_best.dimension
    inner join suspected_dimensions as other_best on own.gap = other_best.gap and other.dimension = other_best.dimension
    where
        own.p_value_apart > other.p_value_apart
        -- the two hold the same rows: the one that looks worse, else the first by name
        or (
            own.p_value_apart = other.p_value_apart
            and (
                own_best.p_value > other_best.p_value
                or (own_best.p_value = other_best.p_value and own.dimension > other.dimension)
            )
        )

),

shadows as (

    select
        apart.gap,
        apart.dimension,
        apart.slice,
        max(apart.p_value_apart) as p_value_apart,
        logical_or(lesser.dimension is not null and apart.p_value_apart > 0.01) as is_shadow

    from apart
    left join lesser
        on
            apart.gap = lesser.gap
            and apart.dimension = lesser.dimension
            and apart.other_dimension = lesser.other_dimension
    group by apart.gap, apart.dimension, apart.slice

),

final as (

    select
        ---------- ids
        suspected.gap,
        suspected.dimension,
        suspected.slice,

        ---------- counts
        suspected.rows_at_risk,
        suspected.missing,
        suspected.missing_rate,
        suspected.elsewhere_rate,
        suspected.lift,

        ---------- evidence
        suspected.p_value,
        suspected.q_value,
        shadows.p_value_apart,
        suspected.is_suspected and not coalesce(shadows.is_shadow, false) as is_cause

    from suspected
    left join shadows
        on
            suspected.gap = shadows.gap
            and suspected.dimension = shadows.dimension
            and suspected.slice = shadows.slice

)

select * from final
