{#- What came of each model (`dbt run`) or test (`dbt test`): a table of its own each, replaced whole, that the report reads.
    A table needs no file to be handed from one pod to the next, and tells a person who asks the warehouse the same. -#}
{% macro keep_results(results) -%}
    {%- if execute and flags.WHICH in ('run', 'test') and results -%}
        {%- set schema = generate_schema_name('marts', none) -%}
        {%- do adapter.create_schema(api.Relation.create(database=target.database, schema=schema)) -%}
        {%- set sql -%}
            create or replace table `{{ target.database }}.{{ schema }}.rpt_{{ 'model' if flags.WHICH == 'run' else 'test' }}_results` (
                result_order int64 options (description = "Place of the result, by name from 1."),
                name string options (description = "The model or the test."),
                subject string options (description = "The model that a test is of; NULL where it is of several."),
                status string options (description = "dbt's word: success, pass, warn, fail, error or skipped."),
                failures int64 options (description = "Rows that a test returned; NULL for a model."),
                message string options (description = "What dbt said of one that did not go well."),
                invocation_id string options (description = "dbt's id of this run.")
            )
            options (description = "Grain: one row per {{ 'model' if flags.WHICH == 'run' else 'test' }} of the latest dbt {{ flags.WHICH }}.")
            as select * from unnest([
                {%- for result in results | sort(attribute='node.name') %}
                struct(
                    {{ loop.index }} as result_order,
                    {{ tojson(result.node.name) }} as name,
                    {{ _attached(result.node) }} as subject,
                    {{ tojson(result.status | string) }} as status,
                    {{ 'cast(null as int64)' if result.failures is none else result.failures }} as failures,
                    {% if result.status | string in ('success', 'pass') -%}
                        cast(null as string)
                    {%- else -%}
                        {{ tojson((result.message or '') | string | truncate(400, true, '')) }}
                    {%- endif %} as message,
                    {{ tojson(invocation_id) }} as invocation_id
                ){{ ',' if not loop.last }}
                {%- endfor %}
            ])
        {%- endset -%}
        {%- do run_query(sql) -%}
    {%- endif -%}
{%- endmacro %}

{#- The one model that a generic test is of, as a literal. -#}
{% macro _attached(node) -%}
    {%- set attached = node.attached_node | default(none, true) -%}
    {{ 'cast(null as string)' if attached is none else tojson(attached.split('.') | last) }}
{%- endmacro %}
