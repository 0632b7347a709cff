-- Grain: one row per (gap, dimension, slice): where orders are missing on one side more often than elsewhere.
--
-- Many slices are looked at, and the worst of many looks bad by chance. So each has an exact test of its own (counts are
-- small), the false-discovery rate is held over the slices of a gap (Benjamini and Hochberg 1995), and slices too small to show
-- a cause, whatever happened in them, are not counted among those looked at (Tarone 1990, Gilbert 2005): a hundred countries of
-- two orders would cost the payment methods their evidence. One in a hundred, not one in twenty: this runs every day.
--
-- Slices overlap. Where most who pay by a method that loses orders live in one country, that country loses orders, too, and as
-- it holds two such methods it may look worse than either. So where a gap has a suspect, what looks bad in a dimension is
-- tested as one slice, and the dimension that explains the gap best leads. A suspect of another dimension has to show the same
-- once more without those rows, else it is their shadow.
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
        -- nothing missing elsewhere is more than any lift
        missing > 0 and missing_rate >= 1.5 * coalesce(elsewhere_rate, 1) as is_worse,
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
        coalesce(q_value <= 0.01, false) and is_worse as is_suspected,
        -- that anything is wrong takes the evidence above; where it is, once something is wrong, takes less
        is_testable and is_worse and p_value <= 0.05
        and logical_or(coalesce(q_value <= 0.01, false) and is_worse) over (partition by gap) as is_leaning

    from adjusted

),

---------- which dimension leads
picked as (

    select
        *,
        row_number() over (partition by gap, dimension, is_leaning order by p_value, slice) as pick,
        countif(is_testable) over (partition by gap, dimension) as slices_of_dimension

    from suspected

),

unions as (

    select
        gap,
        dimension,
        cast(sum(rows_at_risk) as int64) as rows_at_risk,
        cast(sum(missing) as int64) as missing,
        any_value(all_rows) as all_rows,
        any_value(all_missing) as all_missing,
        -- the logarithm of in how many ways so many slices of the dimension can be picked: of sixty days the three worst look bad
        sum(ln((slices_of_dimension - pick + 1) / pick)) as log_ways

    from picked
    where is_leaning
    group by gap, dimension

),

{{ fisher('tested_unions', 'unions', ['gap', 'dimension']) }},

leading as (

    select
        unions.gap,
        unions.dimension

    from unions
    inner join tested_unions on unions.gap = tested_unions.gap and unions.dimension = tested_unions.dimension
    qualify
        row_number() over (
            partition by unions.gap order by tested_unions.p_value * exp(unions.log_ways), unions.dimension
        ) = 1

),

---------- what is left without its rows
leading_rows as (

    select
        cuts.gap,
        cuts.reconciliation_key

    from cuts
    inner join suspected
        on cuts.gap = suspected.gap and cuts.dimension = suspected.dimension and cuts.slice = suspected.slice
    inner join leading on cuts.gap = leading.gap and cuts.dimension = leading.dimension
    where suspected.is_leaning

),

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
    left join leading_rows on cuts.gap = leading_rows.gap and cuts.reconciliation_key = leading_rows.reconciliation_key
    where leading_rows.reconciliation_key is null
    group by cuts.gap, cuts.dimension, cuts.slice

),

{{ fisher('tested_apart', 'slices_apart', ['gap', 'dimension', 'slice']) }},

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
        -- a slice that has no row left has nothing left to show
        if(suspected.dimension != leading.dimension, coalesce(tested_apart.p_value, 1), null) as p_value_apart,
        coalesce(
            if(
                suspected.dimension = leading.dimension,
                suspected.is_leaning and suspected.p_value <= 0.01,
                suspected.is_suspected and coalesce(tested_apart.p_value, 1) <= 0.01
            ),
            false
        ) as is_cause

    from suspected
    left join leading on suspected.gap = leading.gap
    left join tested_apart
        on
            suspected.gap = tested_apart.gap
            and suspected.dimension = tested_apart.dimension
            and suspected.slice = tested_apart.slice

)

select * from final
