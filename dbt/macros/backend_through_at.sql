{#- A subquery: how far the backend had come, UTC. The latest load of any of its rows, but nothing later than JOURNEY_AS_OF;
    NULL when nothing was loaded. (least() is no help: the emulator's takes a NULL for nothing.) -#}
{% macro backend_through_at() -%}
    (
        select if(max(shop_rows.loaded_at) > {{ as_of() }}, {{ as_of() }}, max(shop_rows.loaded_at))
        from (
            select loaded_at from {{ ref('stg_orders') }}
            union all
            select loaded_at from {{ ref('stg_users') }}
        ) as shop_rows
    )
{%- endmacro %}
