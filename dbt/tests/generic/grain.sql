{#- The columns identify a row: none is NULL, no combination occurs twice. One query instead of one a column. -#}
{% test grain(model, columns) %}

    select
        {{ columns | join(', ') }},
        count(*) as times
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1 {%- for column in columns %} or {{ column }} is null{% endfor %}

{% endtest %}
