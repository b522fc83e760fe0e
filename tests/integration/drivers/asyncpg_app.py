"""asyncpg: the extended protocol with named statements, binary values only, its own pool and cancellation."""

import asyncio
import io
import os

import asyncpg

from checks import BYTES, TEXT, equal

THROUGH_HIGHWATER = os.environ.get("HIGHWATER_TEST_TARGET") != "direct"


async def fails(kind, what, awaitable):
    try:
        await awaitable
    except kind as error:
        return error
    raise SystemExit(f"{what}: no error, wanted {kind.__name__}")


async def step_write_and_read_back(c):
    await c.execute("create table item (id serial primary key, name text, data bytea, tags text[], note text)")
    made = await c.fetchval("insert into item (name, data, tags) values ($1, $2, $3) returning id",
                            TEXT, BYTES, ["a", None, "b'c"])
    row = await c.fetchrow("select name, data, tags, note from item where id = $1", made)
    equal(tuple(row), (TEXT, BYTES, ["a", None, "b'c"], None), "the row read back")


async def step_prepared_reads_and_writes_alternate(c):
    await c.execute("create table counter (n int)")
    await c.execute("insert into counter values (0)")
    read = await c.prepare("select n from counter")
    for n in range(1, 101):
        await c.execute("update counter set n = $1", n)
        equal(await read.fetchval(), n, "the counter by its prepared statement")
        equal(await c.fetchval("select n from counter where n >= $1", 0), n, "the counter by the cached statement")


async def step_more_statements_than_the_cache_holds(c):
    for turn in range(2):
        for n in range(150):
            equal(await c.fetchval(f"select {n} + $1::int", turn), n + turn, "one of many statements")


async def step_transactions_and_savepoints(c):
    before = await c.fetchval("select count(*) from item")
    undone = c.transaction()
    await undone.start()
    await c.execute("insert into item (name) values ('undone')")
    await undone.rollback()
    async with c.transaction():
        savepoint = c.transaction()
        await savepoint.start()
        await fails(asyncpg.DivisionByZeroError, "1/0", c.fetch("select 1/$1::int", 0))
        await fails(asyncpg.InFailedSQLTransactionError, "after an error", c.fetch("select 1"))
        await savepoint.rollback()
        await c.execute("insert into item (name) values ($1)", "kept")
    equal(await c.fetchval("select count(*) from item"), before + 1, "rows after savepoints")
    async with c.transaction(isolation="repeatable_read", readonly=True):
        equal(await c.fetchval("select count(*) from item"), before + 1, "rows in a read-only transaction")
        equal(await c.fetchval("show transaction_read_only"), "on", "a read-only transaction")


async def step_errors_leave_the_connection_usable(c):
    for _ in range(5):
        error = await fails(asyncpg.UniqueViolationError, "duplicate", c.execute("insert into item (id) values ($1)", 1))
        equal((error.sqlstate, error.constraint_name), ("23505", "item_pkey"), "the error's fields")
        await fails(asyncpg.UndefinedTableError, "no table", c.fetch("select * from nowhere"))
        equal(await c.fetchval("select 1"), 1, "after errors")


async def step_schema_change_under_a_prepared_statement(c):
    await c.execute("create table changing (a int)")
    await c.execute("insert into changing values (1)")
    equal(tuple(await c.fetchrow("select * from changing")), (1,), "before the change")
    await c.execute("alter table changing add b int default 2")
    equal(tuple(await c.fetchrow("select * from changing")), (1, 2), "after the change")


async def step_copy_and_stream(c):
    await c.execute("create table big (n int, t text)")
    await c.copy_records_to_table("big", records=((n, f"row {n}") for n in range(100_000)))
    async with c.transaction():
        wanted = 0
        async for row in c.cursor("select n, t from big order by n", prefetch=5_000):
            equal(tuple(row), (wanted, f"row {wanted}"), "a streamed row")
            wanted += 1
        equal(wanted, 100_000, "streamed rows")
    equal(len(await c.fetch("select n, t from big")), 100_000, "rows of one large answer")
    out = io.BytesIO()
    await c.copy_from_query("select n, t from big where n < $1 order by n", 1_000, output=out)
    equal(out.getvalue(), "".join(f"{n}\trow {n}\n" for n in range(1_000)).encode(), "what was copied out")
    await fails(asyncpg.BadCopyFileFormatError, "bad copy", c.copy_to_table("big", source=io.BytesIO(b"1\n" * 10_000)))
    equal(await c.fetchval("select count(*) from big"), 100_000, "rows after a failed copy")


async def step_executemany(c):
    await c.execute("create table batch (n int, t text)")
    await c.executemany("insert into batch values ($1, $2)", [(n, str(n)) for n in range(2_000)])
    equal(await c.fetchval("select count(*) from batch"), 2_000, "rows of executemany")


async def step_notices_settings_and_notifications(c):
    notices, news = [], asyncio.Queue()
    c.add_log_listener(lambda _, notice: notices.append(notice.message))
    await c.execute("do $$ begin raise notice 'hello %', 1; end $$")
    equal(notices, ["hello 1"], "notices")
    await c.execute("set timezone = 'Asia/Tokyo'")
    for _ in range(20):
        equal(await c.fetchval("select current_setting('timezone')"), "Asia/Tokyo", "the time zone follows")
    equal(c.get_settings().TimeZone, "Asia/Tokyo", "the reported time zone")
    await c.reset()
    equal(await c.fetchval("select current_setting('timezone')") == "Asia/Tokyo", False, "the time zone after a reset")
    await c.add_listener("news", lambda _c, _pid, _channel, payload: news.put_nowait(payload))
    await c.execute("notify news, 'extra'")
    equal(await asyncio.wait_for(news.get(), 20), "extra", "a notification")
    await c.reset()


async def step_timeout_cancels(c):
    await fails(asyncio.TimeoutError, "timeout", c.fetch("select pg_sleep(60)", timeout=0.3))
    equal(await c.fetchval("select 1"), 1, "after a timeout")
    await c.execute("set statement_timeout = 100")
    await fails(asyncpg.QueryCanceledError, "statement_timeout", c.fetch("select pg_sleep(60)"))
    await c.execute("reset statement_timeout")


async def step_pool(_):
    async with asyncpg.create_pool(min_size=2, max_size=6, statement_cache_size=10) as pool:
        async def work(number):
            async with pool.acquire() as c:
                for turn in range(20):
                    made = await c.fetchval("insert into item (name) values ($1) returning id", f"{number}/{turn}")
                    got = await c.fetchval("select name from item where id = $1", made)
                    equal(got, f"{number}/{turn}", "own write")

        await asyncio.gather(*(work(number) for number in range(12)))


# A connection that goes back to the pool is reset, and its session is not to be bound to one server by that.
async def step_pooled_sessions_stay_free(_):
    async with asyncpg.create_pool(min_size=1, max_size=1) as pool:
        for _ in range(3):
            async with pool.acquire() as c:
                await c.fetchval("select count(*) from item")
                if THROUGH_HIGHWATER:
                    route = await c.fetchval("show highwater.last_route")
                    equal("reason=" in route and "reason=pinned" not in route, True, f"a free session: {route}")


async def main():
    c = await asyncpg.connect()
    for name, step in list(globals().items()):
        if name.startswith("step_"):
            print(name, flush=True)
            await step(c)
    await c.close()


asyncio.run(main())
