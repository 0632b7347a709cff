-- Grain: one row per registered user that is still in the shop. Users of the shop's own staff stay, marked.
with

users as (

    select * from {{ source('raw_backend', 'users') }}
    where deleted_at is null and {{ had_come('created_at') }}

),

salts as (

    select * from {{ source('raw_backend', 'email_salt') }}

),

final as (

    select
        ---------- ids
        users.user_id,
        users.user_pseudo_id,
        {{ hashed_email('users.email', 'salts.salt') }} as email_hash,

        ---------- facts
        users.country,
        users.is_test,
        users.created_at,
        users.updated_at,
        users.loaded_at

    from users
    cross join salts

)

select * from final
