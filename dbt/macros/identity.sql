{#- A condition: this link of a browser and a user was not taken out by hand. -#}
{% macro is_kept_edge(user_pseudo_id, user_id) -%}
    {%- set edges = var('excluded_identity_edges') -%}
    {%- if edges -%}
        concat({{ user_pseudo_id }}, '/', cast({{ user_id }} as string)) not in (
            {%- for edge in edges %}'{{ edge | replace("\\", "\\\\") | replace("'", "\\'") }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
