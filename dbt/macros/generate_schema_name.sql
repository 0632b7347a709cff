{#- A model's dataset is the one its folder names, behind the prefix of the environment: no target schema in front of it. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('JOURNEY_DATASET_PREFIX', '') }}{{ custom_schema_name or 'marts' }}
{%- endmacro %}
