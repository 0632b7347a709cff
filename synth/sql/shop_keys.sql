-- Keys and indexes of the shop, made once the rows are in: building an index in one go is faster than row by row.

alter table {schema}.users add constraint users_pkey primary key (user_id);
alter table {schema}.users add constraint users_email_key unique (email);

alter table {schema}.orders add constraint orders_pkey primary key (order_id);
alter table {schema}.orders add constraint orders_transaction_id_key unique (transaction_id);
alter table {schema}.orders add constraint orders_user_id_fkey foreign key (user_id) references {schema}.users (user_id);
create index orders_user_id on {schema}.orders (user_id);

alter table {schema}.order_items add constraint order_items_pkey primary key (order_id, line_number);
alter table {schema}.order_items
add constraint order_items_order_id_fkey foreign key (order_id) references {schema}.orders (order_id);
