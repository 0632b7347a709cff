{#- Fisher's exact test, one-sided, of each row of `tables`: CTEs `<name>_terms`, `<name>_weights`, `<name>_tails` and `<name>`, the
    last of `keys`, p_value and least_p_value. `tables` holds, of each slice that `keys` name, rows_at_risk and missing, and
    all_rows and all_missing of the whole that it is a part of.

    p_value: the chance of `missing` or more, were all_missing spread blindly over all_rows (hypergeometric).
    least_p_value: the same for as many missing as there can be; no result of this slice could be smaller.

    A chance comes from the one before by a ratio, so sums of logarithms give them all up to a factor, and their sum gives the
    factor: no factorial (out of FLOAT64's range at 171), and no gamma function, which GoogleSQL lacks. Sums run in a stated
    order, the small terms first: the same to the last digit every time. -#}
{% macro fisher(name, tables, keys) -%}
{%- set by = keys | join(', ') -%}
{{ name }}_terms as (

    select
        {{ by }},
        missing,
        drawn,
        sum(
            if(
                drawn = greatest(0, rows_at_risk + all_missing - all_rows),
                0,
                ln(
                    (rows_at_risk - drawn + 1) * (all_missing - drawn + 1)
                    / (drawn * (all_rows - rows_at_risk - all_missing + drawn))
                )
            )
        ) over (partition by {{ by }} order by drawn rows between unbounded preceding and current row) as log_weight

    from {{ tables }}
    cross join
        unnest(generate_array(
            greatest(0, rows_at_risk + all_missing - all_rows), least(rows_at_risk, all_missing)
        )) as drawn

),

{{ name }}_weights as (

    select
        * except (log_weight),
        exp(log_weight - max(log_weight) over (partition by {{ by }})) as weight

    from {{ name }}_terms

),

{{ name }}_tails as (

    select
        * except (weight),
        sum(weight) over (
            partition by {{ by }} order by drawn desc rows between unbounded preceding and current row
        ) as tail

    from {{ name }}_weights

),

{{ name }} as (

    select
        {{ by }},
        max(if(drawn = missing, tail, null)) / max(tail) as p_value,
        min(tail) / max(tail) as least_p_value

    from {{ name }}_tails
    group by {{ by }}

)
{%- endmacro %}
