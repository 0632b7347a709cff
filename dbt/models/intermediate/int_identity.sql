-- Grain: one row per (user_pseudo_id, user_id): a browser and a user of the shop that something ties together.
-- A match without a transaction id rests on such a tie and is none itself: a guess must not prove the next one.
with

users as (

    select * from {{ ref('stg_users') }}
    where not is_test

),

sign_ups as (

    select
        user_pseudo_id,
        user_id,
        'sign_up' as rule,
        cast(0.9 as numeric) as confidence,
        created_at as seen_at

    from users
    where user_pseudo_id is not null

),

-- What became of the order's money does not matter here: whoever placed it sat before that browser.
orders as (

    select
        purchases.user_pseudo_id,
        users.user_id,
        'order' as rule,
        matches.confidence,
        purchases.purchased_at as seen_at

    from {{ ref('int_id_matches') }} as matches
    inner join {{ ref('int_purchases') }} as purchases on matches.purchase_key = purchases.purchase_key
    inner join {{ ref('stg_orders') }} as placed on matches.order_id = placed.order_id
    inner join users on placed.user_id = users.user_id
    where purchases.user_pseudo_id is not null

),

evidence as (

    select * from sign_ups
    union all
    select * from orders

),

edges as (

    select
        user_pseudo_id,
        user_id,
        -- an order ties harder than a sign-up form: it says who paid
        if(logical_or(rule = 'order'), 'order', 'sign_up') as rule,
        count(*) as evidence,
        countif(rule = 'order') as orders,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        max(confidence) as confidence

    from evidence
    where {{ is_kept_edge('user_pseudo_id', 'user_id') }}
    group by user_pseudo_id, user_id

),

counted as (

    select
        *,
        count(*) over (partition by user_pseudo_id) as users_of_browser,
        count(*) over (partition by user_id) as browsers_of_user

    from edges

),

final as (

    select
        ---------- ids
        user_pseudo_id,
        user_id,

        ---------- evidence
        rule,
        evidence,
        orders,
        first_seen_at,
        last_seen_at,
        confidence,

        ---------- facts
        users_of_browser,
        browsers_of_user,
        -- a browser of several users is nobody's: none of its edges joins anything
        users_of_browser > 1 as is_shared_device

    from counted

)

select * from final
