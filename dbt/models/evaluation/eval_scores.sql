-- Grain: one row per (subject, label): what was rightly found under a label, wrongly found, and missed.
with

orders as (

    select * from {{ ref('eval_orders') }}

),

judged as (

    select
        if(is_settled_by_id, 'status', 'status_without_id') as subject,
        expected_status as expected,
        found_status as found

    from orders

    union all

    select
        'reason' as subject,
        coalesce(expected_reason, 'none') as expected,
        coalesce(found_reason, 'none') as found

    from orders
    where is_settled_by_id

),

labels as (

    select
        subject,
        label,
        countif(label = expected and label = found) as true_positives,
        countif(label != expected and label = found) as false_positives,
        countif(label = expected and label != found) as false_negatives

    from judged
    cross join unnest(if(expected = found, [expected], [expected, found])) as label
    group by subject, label

),

-- Of a pair, the order's row is the one to judge: a dropped order has none.
pairs as (

    select
        found_tier,
        found_tier in ('exact_id', 'recovered_id') as is_by_id,
        is_decidable,
        coalesce(is_matched_with_its_own, false) as is_right,
        found_tier != 'none' as is_matched,
        has_ga4_purchase and is_stored as has_pair,
        has_ga4_id

    from orders
    where is_stored

),

tiers as (

    select
        'tier' as subject,
        found_tier as label,
        countif(is_right) as true_positives,
        countif(not is_right) as false_positives,
        cast(null as int64) as false_negatives

    from pairs
    where is_matched
    group by found_tier

    union all

    select
        'match' as subject,
        'with_id' as label,
        countif(is_by_id and is_right) as true_positives,
        countif(is_by_id and not is_right) as false_positives,
        countif(has_ga4_id and not is_right) as false_negatives

    from pairs

    union all

    select
        'match' as subject,
        'without_id' as label,
        countif(is_right and not is_by_id) as true_positives,
        countif(is_matched and not is_right and not is_by_id) as false_positives,
        countif(has_pair and not has_ga4_id and not is_right) as false_negatives

    from pairs

    union all

    -- a wrong match of one that is decidable takes its place: missed and wrong
    select
        'match' as subject,
        'without_id_decidable' as label,
        countif(is_right) as true_positives,
        countif(is_matched and not is_right) as false_positives,
        countif(not is_right) as false_negatives

    from pairs
    where is_decidable

),

true_pairs as (

    select
        *,
        countif(has_evidence) over (partition by user_pseudo_id) > 1 as is_shown_shared

    from {{ source('raw_truth', 'identities') }}

),

-- Every edge, and of them those that make one person of browser and user.
found_pairs as (

    select
        'edges' as label,
        user_pseudo_id,
        user_id

    from {{ ref('int_identity') }}

    union all

    select
        'joined' as label,
        user_pseudo_id,
        dim_users.user_id

    from {{ ref('dim_users') }} as dim_users
    cross join unnest(dim_users.user_pseudo_ids) as user_pseudo_id
    where dim_users.user_id is not null

),

-- Of a browser that the data shows to be shared, no pair should be joined.
wanted_pairs as (

    select
        label,
        user_pseudo_id,
        user_id,
        has_evidence and (label = 'edges' or not is_shown_shared) as is_wanted

    from true_pairs
    cross join unnest(['edges', 'joined']) as label

),

compared_pairs as (

    select
        coalesce(found_pairs.label, wanted_pairs.label) as label,
        found_pairs.label is not null as is_found,
        wanted_pairs.label is not null as is_true,
        coalesce(wanted_pairs.is_wanted, false) as is_wanted

    from found_pairs
    full join wanted_pairs
        on
            found_pairs.label = wanted_pairs.label
            and found_pairs.user_pseudo_id = wanted_pairs.user_pseudo_id
            and found_pairs.user_id = wanted_pairs.user_id

),

identity_pairs as (

    select
        'identity_pairs' as subject,
        label,
        countif(is_found and is_true) as true_positives,
        countif(is_found and not is_true) as false_positives,
        countif(is_wanted and not is_found) as false_negatives

    from compared_pairs
    group by label

),

counted as (

    select * from labels
    union all
    select * from tiers
    union all
    select * from identity_pairs

),

rated as (

    select
        *,
        safe_divide(true_positives, true_positives + false_positives) as precision,
        safe_divide(true_positives, true_positives + false_negatives) as recall

    from counted

),

final as (

    select
        subject,
        label,
        true_positives,
        false_positives,
        false_negatives,
        precision,
        recall,
        safe_divide(2 * precision * recall, precision + recall) as f1

    from rated

)

select * from final
