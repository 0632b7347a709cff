-- Grain: one row per purchase matched with an order, one to one: by transaction id, or without one by person, time and what else
-- is known.
{{ config(cluster_by=['purchase_key']) }}

with

final as (

    select
        purchase_key,
        order_id,
        tier,
        confidence

    from {{ ref('int_id_matches') }}

    union all

    select
        purchase_key,
        order_id,
        tier,
        confidence

    from {{ ref('int_person_candidates') }}
    where is_match

)

select * from final
