"""psycopg 3: the extended protocol, automatic server-side prepares, pipelines, binary values, asyncio."""

import asyncio
import threading

import psycopg
from psycopg import errors

from checks import BYTES, TEXT, equal, in_threads, raises, steps


def step_write_and_read_back(c):
    c.execute("create table item (id serial primary key, name text, data bytea, tags text[], note text)")
    for binary in (False, True):
        cursor = c.cursor(binary=binary)
        made = cursor.execute("insert into item (name, data, tags) values (%s, %s, %s) returning id",
                              (TEXT, BYTES, ["a", None, "b'c"])).fetchone()
        row = cursor.execute("select name, data, tags, note from item where id = %s", made).fetchone()
        equal(row, (TEXT, BYTES, ["a", None, "b'c"], None), f"the row read back, binary={binary}")


def step_prepared_reads_and_writes_alternate(c):
    equal(c.prepare_threshold, 5, "when psycopg begins to prepare")
    c.execute("create table counter (n int)")
    c.execute("insert into counter values (0)")
    for n in range(1, 101):
        c.execute("update counter set n = %s", (n,))
        equal(c.execute("select n from counter where n >= %s", (0,)).fetchone(), (n,), "the counter after its update")


def step_more_statements_than_are_kept_prepared(c):
    for n in range(150):
        equal(c.execute(f"select {n} + %s", (1,), prepare=True).fetchone(), (n + 1,), "one of many statements")
    equal(c.execute("select 0 + %s", (1,), prepare=True).fetchone(), (1,), "a statement that was forgotten")


def step_transactions_and_savepoints(c):
    before = c.execute("select count(*) from item").fetchone()[0]
    with c.transaction(force_rollback=True):
        c.execute("insert into item (name) values ('undone')")
    with c.transaction():
        def fail():
            with c.transaction():
                c.execute("insert into item (name) values ('undone too')")
                c.execute("select 1/0")
        raises(errors.DivisionByZero, "an error in a savepoint", fail)
        c.execute("insert into item (name) values ('kept')")
    equal(c.execute("select count(*) from item").fetchone()[0], before + 1, "rows after savepoints")


def step_read_only_and_serializable_transactions(c):
    c.read_only = True
    with c.transaction():
        equal(c.execute("show transaction_read_only").fetchone(), ("on",), "a read-only transaction")
        raises(errors.ReadOnlySqlTransaction, "a write in it", lambda: c.execute("insert into item (name) values ('no')"))
        raises(errors.InFailedSqlTransaction, "after it", lambda: c.execute("select 1"))
        raise psycopg.Rollback()
    c.read_only = None
    c.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    with c.transaction():
        equal(c.execute("show transaction_isolation").fetchone(), ("serializable",), "a serializable transaction")
    c.isolation_level = None


def step_errors_leave_the_connection_usable(c):
    for _ in range(8):
        error = raises(errors.UniqueViolation, "duplicate", lambda: c.execute("insert into item (id) values (%s)", (1,)))
        equal((error.sqlstate, error.diag.constraint_name), ("23505", "item_pkey"), "the error's fields")
        raises(errors.UndefinedColumn, "no column", lambda: c.execute("select nothing from item where id = %s", (1,)))
        equal(c.execute("select 1").fetchone(), (1,), "after errors")


def step_pipeline(c):
    with c.pipeline() as pipeline:
        cursors = [c.execute("select %s::int", (n,)) for n in range(50)]
        pipeline.sync()
        written = c.execute("insert into item (name) values (%s) returning id", ("piped",))
        read = c.execute("select max(id) from item")
        pipeline.sync()
        equal([cursor.fetchone()[0] for cursor in cursors], list(range(50)), "piped reads")
        equal(read.fetchone(), written.fetchone(), "a piped read after a piped write")


def step_pipeline_with_an_error(c):
    def fail():
        with c.pipeline():
            c.execute("select 1")
            c.execute("select 1/0")
            c.execute("select 2")
    raises(errors.DivisionByZero, "an error in a pipeline", fail)
    with c.pipeline():
        equal(c.execute("select 3").fetchone(), (3,), "a pipeline after a failed one")


def step_executemany(c):
    c.execute("create table batch (n int)")
    with c.cursor() as cursor:
        cursor.executemany("insert into batch values (%s) returning n", [(n,) for n in range(500)], returning=True)
        returned = [cursor.fetchone()[0]]
        while cursor.nextset():
            returned.append(cursor.fetchone()[0])
    equal(returned, list(range(500)), "what executemany returned")
    equal(c.execute("select count(*) from batch").fetchone(), (500,), "rows of executemany")


def step_copy_and_stream(c):
    c.execute("create table big (n int, t text)")
    with c.cursor().copy("copy big (n, t) from stdin (format binary)") as copy:
        copy.set_types(["int4", "text"])
        for n in range(100_000):
            copy.write_row((n, f"row {n}"))
    with c.transaction(), c.cursor(name="stream") as cursor:
        cursor.itersize = 5_000
        cursor.execute("select n, t from big order by n")
        for wanted, row in enumerate(cursor):
            equal(row, (wanted, f"row {wanted}"), "a streamed row")
    equal(sum(1 for _ in c.cursor().stream("select * from big")), 100_000, "rows in single-row mode")
    with c.cursor().copy("copy (select n, t from big order by n) to stdout") as copy:
        equal(sum(1 for _ in copy.rows()), 100_000, "rows copied out")


def step_copy_that_fails(c):
    def bad_data():
        with c.cursor().copy("copy big from stdin") as copy:
            for _ in range(1_000):
                copy.write("not a number\tx\n")

    def client_gives_up():
        with c.cursor().copy("copy big from stdin") as copy:
            copy.write("1\tx\n")
            raise KeyError("changed my mind")

    raises(errors.InvalidTextRepresentation, "bad copy", bad_data)
    raises(errors.QueryCanceled, "a copy that the client ends", client_gives_up)
    equal(c.execute("select count(*) from big").fetchone(), (100_000,), "rows after failed copies")


def step_notices_settings_and_notifications(c):
    notices = []
    c.add_notice_handler(lambda diagnostic: notices.append(diagnostic.message_primary))
    c.execute("do $$ begin raise notice 'hello %', 1; end $$")
    equal(notices, ["hello 1"], "notices")
    c.execute("create schema other create table item (only_here int)")
    c.execute("set search_path = other")
    c.execute("select set_config('timezone', 'Asia/Tokyo', false)")
    for _ in range(20):
        equal(c.execute("select count(only_here) from item where only_here is distinct from %s", (1,)).fetchone(), (0,),
              "the search_path follows")
        equal(c.execute("show timezone").fetchone(), ("Asia/Tokyo",), "the time zone follows")
    equal(c.info.parameter_status("TimeZone"), "Asia/Tokyo", "the reported time zone")
    c.execute("reset all")
    news = []
    c.add_notify_handler(lambda notification: news.append(notification.payload))
    c.execute("listen news")
    c.execute("select pg_notify('news', 'extra')")
    c.execute("select 1")
    equal(news, ["extra"], "notifications")
    c.execute("unlisten *")


def step_cancel_and_timeout(c):
    timer = threading.Timer(0.3, c.cancel)
    timer.start()
    raises(errors.QueryCanceled, "cancel", lambda: c.execute("select pg_sleep(%s)", (60,)))
    timer.join()
    with c.transaction(force_rollback=True):
        c.execute("set local statement_timeout = '100ms'")
        raises(errors.QueryCanceled, "timeout", lambda: c.execute("select pg_sleep(60)"))
    equal(c.execute("show statement_timeout").fetchone(), ("0",), "SET LOCAL does not outlive its transaction")


def step_many_connections(_):
    def work(number):
        with psycopg.connect("", autocommit=True) as c:
            for turn in range(20):
                made = c.execute("insert into item (name) values (%s) returning id", (f"{number}/{turn}",)).fetchone()
                got = c.execute("select name from item where id = %s", made).fetchone()
                equal(got, (f"{number}/{turn}",), "own write")

    in_threads(work)


def step_asyncio(_):
    async def work(number):
        async with await psycopg.AsyncConnection.connect("", autocommit=True) as c:
            made = await (await c.execute("insert into item (name) values (%s) returning id", (str(number),))).fetchone()
            got = await (await c.execute("select name from item where id = %s", made)).fetchone()
            equal(got, (str(number),), "own write in asyncio")

    async def all_of_them():
        await asyncio.gather(*(work(number) for number in range(10)))

    asyncio.run(all_of_them())


steps(globals(), psycopg.connect("", autocommit=True))
