{#- Keys are the natural ids, readable in a query: nothing to look up, nothing that can collide. -#}

{% macro session_key(user_pseudo_id, ga_session_id) -%}
    concat({{ user_pseudo_id }}, '/', cast({{ ga_session_id }} as string))
{%- endmacro %}

{#- One person: the shop's number where it is known, else the browser. -#}
{% macro user_key(user_id, user_pseudo_id) -%}
    if({{ user_id }} is null, concat('browser/', {{ user_pseudo_id }}), concat('user/', cast({{ user_id }} as string)))
{%- endmacro %}
