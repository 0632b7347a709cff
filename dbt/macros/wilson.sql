{#- A bound of Wilson's 95 % interval of a share, 0 to 1: `side` is '-' for the lower one, '+' for the upper. NULL without a trial.
    It stays within 0 and 1 and holds for few trials too (E. B. Wilson, Journal of the American Statistical Association 22, 1927). -#}
{% macro wilson(successes, trials, side) -%}
    {%- set z = 1.959964 -%}
    {%- set n = 'cast(nullif(' ~ trials ~ ', 0) as float64)' -%}
    (
        ({{ successes }} + {{ z * z / 2 }}) {{ side }} {{ z }} * sqrt({{ successes }} * ({{ n }} - {{ successes }}) / {{ n }} + {{ z * z / 4 }})
    ) / ({{ n }} + {{ z * z }})
{%- endmacro %}
