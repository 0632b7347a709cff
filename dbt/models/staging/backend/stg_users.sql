-- Grain: one row per registered user that is still in the shop. Users of the shop's own staff stay, marked.
with

final as (

    select
        ---------- ids
        user_id,
        user_pseudo_id,
        {{ hashed_email('email') }} as email_hash,

        ---------- facts
        country,
        is_test,
        created_at,
        updated_at,
        loaded_at

    from {{ source('raw_backend', 'users') }}
    where deleted_at is null and {{ had_come('created_at') }}

)

select * from final
