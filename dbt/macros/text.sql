{#- A text without GA4's placeholders: what stands for "unknown" becomes NULL. -#}
{% macro known(text) -%}
    if({{ text }} in ('', '(not set)', '(data deleted)', '<Other>', '<obfuscated>'), null, {{ text }})
{%- endmacro %}

{#- The event param `key`, inside a select over unnest(event_params) as p. GA4 gives a param the type that its value happens
    to have, so the same key is an int on one event and text or a double on the next:
    text reads both text and int, number int and double. -#}
{% macro param(key, kind) -%}
    {%- set value = {
        'text': 'coalesce(p.value.string_value, cast(p.value.int_value as string))',
        'int': 'p.value.int_value',
        'number': 'coalesce(p.value.double_value, p.value.float_value, p.value.int_value)',
    }[kind] -%}
    max(if(p.key = '{{ key }}', {{ value }}, null))
{%- endmacro %}

{#- SHA-256 in hex of an e-mail address. The salt keeps a list of known addresses from being tried against the hashes. It
    is a column, for what is written into the SQL can be read in dbt's artifacts and in the history of the jobs. -#}
{% macro hashed_email(email, salt) -%}
    to_hex(sha256(concat({{ salt }}, lower(trim({{ email }})))))
{%- endmacro %}
