"""psycopg2: the simple protocol, with server-side cursors and COPY."""

import io
import threading

import psycopg2
import psycopg2.errors
import psycopg2.extras

from checks import BYTES, TEXT, equal, in_threads, raises, steps


def rows(connection, sql, arguments=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall()


def run(connection, sql, arguments=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)


def step_write_and_read_back(c):
    run(c, "create table item (id serial primary key, name text, data bytea, tags text[], note text)")
    c.commit()
    made = rows(c, "insert into item (name, data, tags) values (%s, %s, %s) returning id", (TEXT, BYTES, ["a", "b'c"]))
    c.commit()
    equal(made, [(1,)], "insert returning")
    name, data, tags, note = rows(c, "select name, data, tags, note from item where id = 1")[0]
    equal((name, bytes(data), tags, note), (TEXT, BYTES, ["a", "b'c"], None), "the row read back")
    c.rollback()


def step_reads_its_own_writes_every_time(c):
    c.autocommit = True
    run(c, "create table counter (n int)")
    run(c, "insert into counter values (0)")
    for n in range(1, 101):
        run(c, "update counter set n = %s", (n,))
        equal(rows(c, "select n from counter"), [(n,)], "the counter after its update")
    c.autocommit = False


def step_rollback_and_savepoints(c):
    run(c, "insert into item (name) values ('undone')")
    c.rollback()
    equal(rows(c, "select count(*) from item"), [(1,)], "rows after a rollback")
    run(c, "savepoint s")
    raises(psycopg2.errors.DivisionByZero, "1/0", lambda: run(c, "select 1/0"))
    raises(psycopg2.errors.InFailedSqlTransaction, "after an error", lambda: run(c, "select 1"))
    run(c, "rollback to savepoint s")
    run(c, "insert into item (name) values ('kept')")
    c.commit()
    equal(rows(c, "select name from item where id > 1"), [("kept",)], "the row after the savepoint")
    c.commit()


def step_errors_leave_the_connection_usable(c):
    error = raises(psycopg2.errors.UniqueViolation, "duplicate", lambda: run(c, "insert into item (id) values (1)"))
    equal((error.pgcode, error.diag.constraint_name), ("23505", "item_pkey"), "the error's fields")
    c.rollback()
    raises(psycopg2.errors.UndefinedTable, "no table", lambda: run(c, "select * from nowhere"))
    c.rollback()
    equal(rows(c, "select 1"), [(1,)], "after errors")
    c.commit()


def step_copy_and_stream(c):
    text = "".join(f"{n}\trow {n}\n" for n in range(100_000))
    with c.cursor() as cursor:
        cursor.execute("create table big (n int, t text)")
        cursor.copy_expert("copy big from stdin", io.StringIO(text))
        equal(cursor.rowcount, 100_000, "rows copied in")
    c.commit()
    with c.cursor(name="stream") as cursor:
        cursor.itersize = 5_000
        cursor.execute("select n, t from big order by n")
        for wanted, (n, t) in enumerate(cursor):
            equal((n, t), (wanted, f"row {wanted}"), "a streamed row")
        equal(wanted, 99_999, "the last streamed row")
    c.commit()
    out = io.StringIO()
    with c.cursor() as cursor:
        cursor.copy_expert("copy (select n, t from big order by n) to stdout", out)
    equal(out.getvalue(), text, "what was copied out")
    c.commit()


def step_copy_that_fails(c):
    with c.cursor() as cursor:
        raises(psycopg2.errors.InvalidTextRepresentation, "bad copy",
               lambda: cursor.copy_expert("copy big from stdin", io.StringIO("1\tx\nnot a number\tx\n" * 1000)))
    c.rollback()
    equal(rows(c, "select count(*) from big"), [(100_000,)], "rows after a failed copy")
    c.commit()


def step_batches(c):
    with c.cursor() as cursor:
        cursor.execute("create table batch (n int, t text)")
        psycopg2.extras.execute_values(cursor, "insert into batch values %s", [(n, str(n)) for n in range(2_000)])
        psycopg2.extras.execute_batch(cursor, "update batch set t = %s where n = %s", [("x", n) for n in range(50)])
    c.commit()
    equal(rows(c, "select count(*), count(*) filter (where t = 'x') from batch"), [(2_000, 50)], "batches")
    c.commit()


def step_statements_prepared_in_sql(c):
    run(c, "prepare add as select $1::int + $2::int")
    for n in range(20):
        equal(rows(c, f"execute add({n}, 1)"), [(n + 1,)], "EXECUTE")
        c.commit()
    run(c, "deallocate add")
    raises(psycopg2.errors.InvalidSqlStatementName, "after DEALLOCATE", lambda: run(c, "execute add(1, 1)"))
    c.rollback()


def step_temporary_tables_and_held_cursors(c):
    run(c, "create temporary table mine (n int)")
    run(c, "insert into mine values (1)")
    c.commit()
    run(c, "declare held cursor with hold for select generate_series(1, 100)")
    c.commit()
    for n in range(1, 21):
        equal(rows(c, "select count(*) from mine"), [(1,)], "a temporary table")
        equal(rows(c, "fetch 1 from held"), [(n,)], "a cursor WITH HOLD")
        c.commit()
    run(c, "drop table mine")
    run(c, "close held")
    c.commit()


def step_notices_and_settings(c):
    del c.notices[:]
    run(c, "do $$ begin raise notice 'hello %', 1; end $$")
    equal(c.notices, ["NOTICE:  hello 1\n"], "notices")
    c.commit()
    run(c, "create schema other create table item (only_here int)")
    run(c, "set search_path = other")
    run(c, "set timezone = 'Asia/Tokyo'")
    c.commit()
    for _ in range(20):
        equal(rows(c, "select count(only_here) from item"), [(0,)], "the search_path follows")
        equal(rows(c, "show timezone"), [("Asia/Tokyo",)], "the time zone follows")
        c.commit()
    equal(c.get_parameter_status("TimeZone"), "Asia/Tokyo", "the reported time zone")
    run(c, "set search_path = public")
    c.rollback()
    equal(rows(c, "show search_path"), [("other",)], "SET is undone by a rollback")
    run(c, "reset all")
    c.commit()
    equal(rows(c, "select count(*) from item"), [(2,)], "after RESET ALL")
    c.commit()


def step_cancel_and_timeout(c):
    timer = threading.Timer(0.3, c.cancel)
    timer.start()
    raises(psycopg2.errors.QueryCanceled, "cancel", lambda: run(c, "select pg_sleep(60)"))
    timer.join()
    c.rollback()
    run(c, "set statement_timeout = '100ms'")
    raises(psycopg2.errors.QueryCanceled, "timeout", lambda: run(c, "select pg_sleep(60)"))
    c.rollback()
    equal(rows(c, "select 1"), [(1,)], "after a cancel and a timeout")
    c.commit()


def step_startup_options(_):
    with psycopg2.connect("", options="-c search_path=other -c extra_float_digits=0", application_name="storefront") as c:
        equal(rows(c, "show search_path"), [("other",)], "a setting from the startup packet")
        equal(rows(c, "select 0.1::float8 + 0.2::float8")[0][0], 0.3, "extra_float_digits from the startup packet")
        equal(rows(c, "show application_name"), [("storefront",)], "application_name")
    c.close()


def step_many_connections(_):
    def work(number):
        c = psycopg2.connect("")
        for turn in range(20):
            made = rows(c, "insert into item (name) values (%s) returning id", (f"{number}/{turn}",))
            c.commit()
            equal(rows(c, "select name from item where id = %s", made[0]), [(f"{number}/{turn}",)], "own write")
            c.commit()
        c.close()

    in_threads(work)


steps(globals(), psycopg2.connect(""))
