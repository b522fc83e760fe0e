-- psql: one session that uses what psql sends by itself (\gdesc, \copy, FETCH_COUNT, ON_ERROR_ROLLBACK, \d).
-- A failed check divides by zero, which ends the script.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on

create table item (id serial primary key, name text, data bytea, tags text[], note text);
insert into item (name, data, tags) values ('Grüße, 世界, 🐘', '\x00ff10', array['a', null, 'b''c']) returning id \gset
select 1 / (name = 'Grüße, 世界, 🐘' and data = '\x00ff10' and tags[2] is null and note is null)::int as ok
  from item where id = :id \gset
\echo write and read back

select id, name from item where id = 1 \gdesc
\echo described

-- gexec: the answers are run as statements of their own.
create table counter (n int);
insert into counter values (0);
select format('update counter set n = %s returning 1 / (n = %s)::int', n, n) from generate_series(1, 50) n \gexec
select 1 / (n = 50)::int as ok from counter \gset
\echo statements made by a statement

begin;
insert into item (name) values ('undone');
rollback;
\set ON_ERROR_ROLLBACK on
\set ON_ERROR_STOP off
begin;
insert into item (name) values ('kept');
select 1 / 0;
commit;
\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
select 1 / (count(*) filter (where name = 'kept') = 1 and count(*) filter (where name = 'undone') = 0)::int as ok
  from item \gset
\echo transactions

create table big (n int, t text);
\copy big from program 'seq 100000 | sed "s/.*/&,row &/"' with (format csv)
select 1 / (count(*) = 100000)::int as ok from big \gset
\copy (select n, t from big order by n) to program 'wc -l | grep -qx 100000 || kill -9 $PPID'
copy big from stdin;
100001	inline
\.
select 1 / (t = 'inline')::int as ok from big where n = 100001 \gset
\echo copies

\set FETCH_COUNT 5000
\o /dev/null
select n, t from big order by n;
\o
\unset FETCH_COUNT
\echo a large answer in pieces

set search_path = other, public;
create schema other create table only_in_other (n int);
select 1 / (count(*) = 0)::int as ok from only_in_other \gset
begin;
set local timezone = 'Asia/Tokyo';
select 1 / (current_setting('timezone') = 'Asia/Tokyo')::int as ok \gset
commit;
select 1 / (current_setting('timezone') <> 'Asia/Tokyo')::int as ok \gset
reset search_path;
\echo settings

prepare add(int, int) as select $1 + $2 as sum;
execute add(1, 2) \gset
select 1 / (:sum = 3)::int as ok \gset
deallocate add;
do $$ begin raise notice 'hello'; end $$;
explain (costs off) select * from item;
\d item
\dt
\df+ now
\l
\echo descriptions

select 1; select 2; select 3 \; select 4 \; insert into item (name) values ('last') returning name;
select 1 / (count(*) = 1)::int as ok from item where name = 'last' \gset
\echo done
