{#- The moment after which nothing exists, JOURNEY_AS_OF. A day stands for the midnight that ends it, an empty value for now. -#}
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

{#- A condition: the moment in `column` had come. Without JOURNEY_AS_OF everything that is there has. -#}
{% macro had_come(column) -%}
    {% if env_var('JOURNEY_AS_OF', '') %}{{ column }} < {{ as_of() }}{% else %}true{% endif %}
{%- endmacro %}

{#- A condition: Google changes the export of this day no more. -#}
{% macro is_final(day) -%}
    timestamp_add(timestamp({{ day }}), interval {{ var('days_until_final') | int + 1 }} day) <= {{ as_of() }}
{%- endmacro %}

{#- The moment of the first look at a day: the end of the first day after it. -#}
{% macro first_look_at(day) -%}
    timestamp_add(timestamp({{ day }}), interval 2 day)
{%- endmacro %}
