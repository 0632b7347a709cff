-- Runs at every start, so that a Secret that changed takes effect, also over a volume that an older release left.
\getenv password POSTGRES_PASSWORD
\set user '{{ .Values.postgresql.user }}'
\set database '{{ .Values.postgresql.database }}'
select format('create role %I', :'user') where not exists (select from pg_roles where rolname = :'user') \gexec
alter role :"user" with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
select format('create database %I owner %I', :'database', :'user')
where not exists (select from pg_database where datname = :'database') \gexec
