-- The shop that `journey synth` makes up. {schema} is its schema; keys and indexes follow in shop_keys.sql, once the rows are in.
-- Every comment on a table begins with the words by which synth knows its own tables and leaves all others alone.

create table {schema}.users (
    user_id bigint not null,
    full_name text not null,
    email text not null,
    country text,
    user_pseudo_id text,
    is_test boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint users_are_updated_after_creation check (updated_at >= created_at)
);
comment on table {schema}.users is 'Made up by journey synth. Grain: a registered user.';
comment on column {schema}.users.user_id is 'The shop''s own number; says nothing about the browser''s id.';
comment on column {schema}.users.full_name is 'Made up.';
comment on column {schema}.users.email is 'Made up, unique, at a domain that belongs to nobody.';
comment on column {schema}.users.country is 'Where the browser was, in English; NULL where GA4 does not say.';
comment on column {schema}.users.user_pseudo_id is 'GA4''s browser id, where the sign-up form noted it; often NULL.';
comment on column {schema}.users.is_test is 'Staff who try the checkout.';
comment on column {schema}.users.created_at is 'Sign-up, before the first purchase.';
comment on column {schema}.users.updated_at is 'Last change of the row.';

create table {schema}.orders (
    order_id bigint not null,
    user_id bigint not null,
    -- byte order: an id is compared, never sorted for people
    transaction_id text collate "C" not null,
    status text not null,
    payment_method text not null,
    currency char(3) not null,
    exchange_rate numeric(12, 6) not null,
    subtotal numeric(12, 2) not null,
    discount numeric(12, 2) not null,
    shipping numeric(12, 2) not null,
    tax numeric(12, 2) not null,
    total numeric(12, 2) not null,
    refunded numeric(12, 2) not null,
    is_test boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint orders_have_a_known_status
    check (status in ('pending', 'paid', 'shipped', 'cancelled', 'refunded', 'partially_refunded')),
    constraint orders_have_a_known_payment_method
    check (payment_method in ('card', 'paypal', 'klarna', 'ideal', 'gift_card')),
    constraint orders_have_amounts_that_add_up
    check (total = subtotal - discount + shipping + tax),
    constraint orders_have_amounts_from_zero_up
    check (least(subtotal, discount, shipping, tax, total) >= 0),
    constraint orders_are_refunded_within_their_total
    check (refunded between 0 and total),
    constraint orders_have_a_positive_exchange_rate
    check (exchange_rate > 0),
    constraint orders_are_updated_after_creation
    check (updated_at >= created_at)
);
comment on table {schema}.orders is 'Made up by journey synth. Grain: an order. Amounts in the shop''s currency, USD; total = subtotal - discount + shipping + tax.';
comment on column {schema}.orders.order_id is 'The shop''s own number.';
comment on column {schema}.orders.user_id is 'Who ordered.';
comment on column {schema}.orders.transaction_id is 'The full transaction id that the confirmation page reports.';
comment on column {schema}.orders.status is 'pending, paid, shipped, cancelled, refunded or partially_refunded.';
comment on column {schema}.orders.payment_method is 'card, paypal, klarna, ideal or gift_card.';
comment on column {schema}.orders.currency is 'ISO 4217 code of what the customer paid in.';
comment on column {schema}.orders.exchange_rate is 'USD per unit of that currency, on that day.';
comment on column {schema}.orders.subtotal is 'Sum of the lines, USD.';
comment on column {schema}.orders.discount is 'Taken off, USD.';
comment on column {schema}.orders.shipping is 'Put on top, USD.';
comment on column {schema}.orders.tax is 'USD.';
comment on column {schema}.orders.total is 'What was charged, USD.';
comment on column {schema}.orders.refunded is 'What went back so far, USD.';
comment on column {schema}.orders.is_test is 'An order of staff: no money moved.';
comment on column {schema}.orders.created_at is 'When the shop stored it.';
comment on column {schema}.orders.updated_at is 'Last change of the row.';

create table {schema}.order_items (
    order_id bigint not null,
    line_number integer not null,
    item_id text not null,
    item_name text not null,
    item_category text,
    quantity integer not null,
    unit_price numeric(12, 4) not null,
    line_total numeric(12, 2) not null,
    updated_at timestamptz not null,
    constraint order_items_have_a_quantity check (quantity > 0),
    constraint order_items_have_amounts_from_zero_up check (unit_price >= 0 and line_total >= 0)
);
comment on table {schema}.order_items is 'Made up by journey synth. Grain: a line of an order; line totals sum to the order''s subtotal.';
comment on column {schema}.order_items.order_id is 'The order.';
comment on column {schema}.order_items.line_number is 'From 1 on.';
comment on column {schema}.order_items.item_id is 'The item''s id as the confirmation page reports it.';
comment on column {schema}.order_items.item_name is 'The item''s name.';
comment on column {schema}.order_items.item_category is 'The item''s category, NULL where GA4 does not say.';
comment on column {schema}.order_items.quantity is 'Pieces.';
comment on column {schema}.order_items.unit_price is 'USD a piece: line_total / quantity.';
comment on column {schema}.order_items.line_total is 'USD.';
comment on column {schema}.order_items.updated_at is 'Last change of the row.';
