-- Grain: one row per registered user that is still in the shop. Users of the shop's own staff stay, marked.
with

users as (

    select * from {{ source('raw_backend', 'users') }}
    where deleted_at is null and {{ had_come('created_at') }}

),

-- one row; were it lost, users stay, without a hash
salts as (

    select * from {{ source('raw_backend', 'email_salt') }}

),

final as (

    select
        ---------- ids
        user_id,
        user_pseudo_id,
        {{ hashed_email('email', '(select salts.salt from salts)') }} as email_hash,

        ---------- facts
        country,
        is_test,
        created_at,
        updated_at,
        loaded_at

    from users

)

select * from final
