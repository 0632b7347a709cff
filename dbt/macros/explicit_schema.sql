{#- What a contract does here: a table is created from its model's yml, names, types and descriptions in one statement. dbt's own
    way asks the warehouse twice before, and alters the table once after, for every model. -#}
{% macro bigquery__get_table_columns_and_constraints() -%}
    (
    {%- for column in model['columns'].values() %}
        {%- set description = column['description'] | trim | replace('\\', '\\\\') | replace('"', '\\"') %}
        {{ column['name'] }} {{ column['data_type'] }} options (description = """{{ description }}""")
        {{- ',' if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}

{#- dbt's comparison of a model's columns with its yml, strict about types too. The tests ask for it: --vars 'check_columns: true'.
    Without it the warehouse refuses a column that is missing, and a type that does not fit. -#}
{% macro bigquery__get_assert_columns_equivalent(sql) -%}
    {%- if var('check_columns', false) -%}
        {{ assert_columns_equivalent(sql) }}
    {%- endif -%}
{%- endmacro %}
