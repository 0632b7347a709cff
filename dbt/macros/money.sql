{#- An amount to the cent. -#}
{% macro money(amount) -%}
    round(cast({{ amount }} as numeric), 2)
{%- endmacro %}
