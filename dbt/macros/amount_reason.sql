{#- Why the amounts of a purchase and its order differ: the first of the causes below that leads from one to the other to the
    cent. 'unknown' where none does. -#}
{% macro amount_reason(purchases, orders) -%}
    {%- set ga4 = purchases ~ '.ga4_revenue' -%}
    {%- set causes = [
        ('partial_refund', orders ~ '.refunded > 0', orders ~ '.total'),
        ('currency', orders ~ '.exchange_rate != 1', orders ~ '.revenue / nullif(' ~ orders ~ '.exchange_rate, 0)'),
        ('shipping_basis', orders ~ '.shipping > 0', orders ~ '.revenue - ' ~ orders ~ '.shipping'),
        ('tax_basis', orders ~ '.tax > 0', orders ~ '.revenue - ' ~ orders ~ '.tax'),
        ('late_discount', orders ~ '.discount > 0', orders ~ '.revenue + ' ~ orders ~ '.discount'),
        ('zero_value', ga4 ~ ' = 0', '0'),
        ('rounding', ga4 ~ ' = round(' ~ ga4 ~ ')', 'round(' ~ orders ~ '.revenue)'),
    ] -%}
    case
        {%- for reason, condition, amount in causes %}
        when {{ condition }} and abs({{ ga4 }} - round({{ amount }}, 2)) <= {{ var('amount_tolerance') }} then '{{ reason }}'
        {%- endfor %}
        else 'unknown'
    end
{%- endmacro %}
