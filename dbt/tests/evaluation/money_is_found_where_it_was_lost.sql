-- To the cent, each reason that the evidence can tell stands for the money that its gap moved. Rows returned are reasons that do
-- not.
{{ config(enabled=env_var('JOURNEY_BACKEND', 'synthetic') == 'synthetic') }}

select *
from {{ ref('eval_money') }}
where is_decidable and difference != 0
