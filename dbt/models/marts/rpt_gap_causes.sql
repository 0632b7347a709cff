-- Grain: one row per (gap, dimension, slice): where orders are missing on one side more often than elsewhere.
--
-- Many slices are looked at, and the worst of many looks bad by chance. So each has an exact test of its own (counts are
-- small), the false-discovery rate is held over the slices of a gap (Benjamini and Hochberg 1995), and slices too small to show
-- a cause, whatever happened in them, are not counted among those looked at (Tarone 1990, Gilbert 2005): a hundred countries of
-- two orders would cost the payment methods their evidence. One in a hundred, not one in twenty: this runs every day.
--
-- Slices overlap. Where only one country pays by a method that loses orders, that country loses orders, too. What explains the
-- gap best leads; a slice of another dimension has to show the same once more without the rows of the leading causes.
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
    cross join unnest([
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

{{ fisher('tested', 'slices') }},

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

leading as (

    select
        gap,
        dimension

    from suspected
    where is_suspected
    qualify row_number() over (partition by gap order by p_value, dimension, slice) = 1

),

leading_slices as (

    select
        suspected.gap,
        suspected.dimension,
        suspected.slice

    from suspected
    inner join leading on suspected.gap = leading.gap and suspected.dimension = leading.dimension
    where suspected.is_suspected

),

explained as (

    select
        cuts.gap,
        cuts.reconciliation_key

    from cuts
    inner join leading_slices
        on cuts.gap = leading_slices.gap and cuts.dimension = leading_slices.dimension and cuts.slice = leading_slices.slice

),

-- The other dimensions once more, without those rows.
slices_apart as (

    select
        cuts.gap,
        cuts.dimension,
        cuts.slice,
        count(*) as rows_at_risk,
        countif(cuts.is_missing) as missing,
        cast(sum(count(*)) over (partition by cuts.gap, cuts.dimension) as int64) as all_rows,
        cast(sum(countif(cuts.is_missing)) over (partition by cuts.gap, cuts.dimension) as int64) as all_missing

    from cuts
    inner join leading on cuts.gap = leading.gap and cuts.dimension != leading.dimension
    left join explained on cuts.gap = explained.gap and cuts.reconciliation_key = explained.reconciliation_key
    where explained.reconciliation_key is null
    group by cuts.gap, cuts.dimension, cuts.slice

),

{{ fisher('tested_apart', 'slices_apart') }},

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
        if(
            leading.dimension is null or suspected.dimension = leading.dimension, null, coalesce(tested_apart.p_value, 1)
        ) as p_value_apart,
        suspected.is_suspected
        and (suspected.dimension = leading.dimension or coalesce(tested_apart.p_value, 1) <= 0.01) as is_cause

    from suspected
    left join leading on suspected.gap = leading.gap
    left join tested_apart
        on
            suspected.gap = tested_apart.gap
            and suspected.dimension = tested_apart.dimension
            and suspected.slice = tested_apart.slice

)

select * from final
