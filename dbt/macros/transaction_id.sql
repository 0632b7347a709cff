{#- A transaction id without what the two sides are known to write differently; NULL of NULL. An id of nothing else stays as it is. -#}
{% macro plain_id(id) -%}
    {%- set text = 'trim(' ~ id ~ ')' -%}
    {%- set text = 'upper(' ~ text ~ ')' if var('transaction_id_ignore_case') else text -%}
    {%- set zeros = '0*' if var('transaction_id_ignore_leading_zeros') else '' -%}
    {%- set flags = 'i' if var('transaction_id_ignore_case') else '' -%}
    {%- set ignored = '(?' ~ flags ~ ':' ~ var('transaction_id_prefix') ~ ')?' ~ zeros -%}
    coalesce(nullif(regexp_replace({{ text }}, r'^{{ ignored }}', ''), ''), {{ text }})
{%- endmacro %}

{#- The last six digits of an id, without leading zeros: all that ecommerce.transaction_id keeps of it in the public sample. -#}
{% macro short_id(id) -%}
    regexp_replace(right({{ id }}, 6), r'^0+', '')
{%- endmacro %}
