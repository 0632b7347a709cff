{#- The moment after which nothing exists, JOURNEY_AS_OF. A day stands for the midnight that ends it, an empty value for now. -#}

{% macro has_as_of() -%}
    {{ return(env_var('JOURNEY_AS_OF', '') != '') }}
{%- endmacro %}

{% macro as_of() -%}
    {%- set moment = env_var('JOURNEY_AS_OF', '') -%}
    {%- if not moment -%}
        current_timestamp()
    {%- elif moment | length == 10 -%}
        timestamp_add(timestamp('{{ moment }}'), interval 1 day)
    {%- else -%}
        timestamp('{{ moment }}')
    {%- endif -%}
{%- endmacro %}

{#- A condition: the moment in `column` had come. Without JOURNEY_AS_OF everything there is has. -#}
{% macro had_come(column) -%}
    {% if has_as_of() %}{{ column }} < {{ as_of() }}{% else %}true{% endif %}
{%- endmacro %}
