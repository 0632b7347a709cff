{#- Keys are the natural ids, readable in a query: nothing to look up, nothing that can collide. -#}

{% macro session_key(user_pseudo_id, ga_session_id) -%}
    concat({{ user_pseudo_id }}, '/', cast({{ ga_session_id }} as string))
{%- endmacro %}

{#- One person: the shop's number where it is known, else the browser. -#}
{% macro user_key(user_id, user_pseudo_id) -%}
    if({{ user_id }} is null, concat('browser/', {{ user_pseudo_id }}), concat('user/', cast({{ user_id }} as string)))
{%- endmacro %}

{#- One purchase: its transaction id. Nothing tells whether two purchases without one are the same, so then each browser's each
    moment stays its own. -#}
{% macro purchase_key(transaction_id, has_id, user_pseudo_id, occurred_at) -%}
    if(
        {{ has_id }},
        concat('id/', {{ transaction_id }}),
        concat('event/', coalesce({{ user_pseudo_id }}, ''), '/', cast(unix_micros({{ occurred_at }}) as string))
    )
{%- endmacro %}
