"""What a client does while it is logged in, each with its answers. An act leaves its session as it was, or pins it."""

import asyncio
import random

from wire import SYNC, bind, cancel, execute, message, parse, query, text

IDLE, WITHIN, FAILED = "ZI", "ZT", "ZE"
NO_NUMBER = "invalid input syntax for type integer"


def wrong(tag):
    return "error", "22P02", f'{NO_NUMBER}: "{tag}"'


def extended(sql, *values):
    return parse(sql) + bind(values) + execute()


async def simple(m, _):
    tag = m.tag()
    await m.ask(query(f"SELECT '{tag}'"), (tag,), "SELECT 1", IDLE)


async def several(m, _):
    tag, other = m.tag(), m.tag()
    await m.ask(query(f"SELECT '{tag}'; SELECT '{other}', 2"), (tag,), "SELECT 1", (other, "2"), "SELECT 1", IDLE)


async def with_parameter(m, _):
    tag = m.tag()
    await m.ask(extended("SELECT $1::text", tag) + SYNC, "1", "2", (tag,), "SELECT 1", IDLE)


async def prepared(m, _):
    name = f"p{random.randrange(1000)}"
    await m.ask(parse(f"SELECT $1::text, '{name}'", name) + SYNC, "1", IDLE)
    for _ in range(random.randrange(1, 6)):
        tag = m.tag()
        await m.ask(bind([tag], name) + execute() + SYNC, "2", (tag, name), "SELECT 1", IDLE)
        await asyncio.sleep(random.random() / 5)
    await m.ask(message("C", b"S" + text(name)) + SYNC, "3", IDLE)


async def in_portions(m, _):
    tag = m.tag()
    await m.ask(parse("SELECT $1::text, g FROM generate_series(1, 5) g") + bind([tag]) + execute(2) + execute(2) +
                execute(2) + SYNC, "1", "2", (tag, "1"), (tag, "2"), "s", (tag, "3"), (tag, "4"), "s", (tag, "5"),
                "SELECT 1", IDLE)


async def pipelined(m, _):
    """Batches that are all sent before the first answer is read; some of them fail in the middle."""
    data, due = b"", []
    for _ in range(random.randrange(2, 20)):
        tag, other = m.tag(), m.tag()
        kind = random.randrange(4)
        if kind == 0:
            data += query(f"SELECT '{tag}'")
            due.append([(tag,), "SELECT 1", IDLE])
        elif kind == 1:
            data += extended("SELECT $1::text", tag) + extended("SELECT $1::int", other) + extended("SELECT 1") + SYNC
            due.append(["1", "2", (tag,), "SELECT 1", "1", wrong(other), IDLE])
        elif kind == 2:
            data += extended("INSERT INTO soak VALUES ($1) RETURNING tag", tag) + SYNC
            due.append(["1", "2", (tag,), "INSERT 0 1", IDLE])
        else:
            data += extended("SELECT $1::text", tag) + extended("SELECT $1::text", other) + SYNC
            due.append(["1", "2", (tag,), "SELECT 1", "1", "2", (other,), "SELECT 1", IDLE])
    await m.connection.send(data)
    for answer in due:
        await m.expect(*answer)


async def swapped(m, _):
    """A wrong one, of `--broken tags`."""
    tag, other = m.tag(), m.tag()
    await m.connection.send(query(f"SELECT '{other}'") + query(f"SELECT '{tag}'"))
    await m.expect((tag,), "SELECT 1", IDLE)


async def transaction(m, _):
    tag, kept = m.tag(), random.random() < 0.7
    await m.ask(query("BEGIN"), "BEGIN", WITHIN)
    await m.ask(query(f"INSERT INTO soak VALUES ('{tag}')"), "INSERT 0 1", WITHIN)
    await asyncio.sleep(random.random() / 3)
    await m.ask(extended("SELECT tag FROM soak WHERE tag = $1", tag) + SYNC, "1", "2", (tag,), "SELECT 1", WITHIN)
    end = "COMMIT" if kept else "ROLLBACK"
    await m.ask(query(end), end, IDLE)
    await m.ask(query(f"SELECT count(*), '{tag}' FROM soak WHERE tag = '{tag}'"), (str(int(kept)), tag), "SELECT 1", IDLE)


async def reading_transaction(m, _):
    tag = m.tag()
    await m.ask(query("BEGIN READ ONLY"), "BEGIN", WITHIN)
    await m.ask(query(f"DECLARE c CURSOR FOR SELECT '{tag}', g FROM generate_series(1, 9) g"), "DECLARE CURSOR", WITHIN)
    await m.ask(query("FETCH 2 FROM c"), (tag, "1"), (tag, "2"), "FETCH 2", WITHIN)
    await m.ask(query("COMMIT"), "COMMIT", IDLE)


async def failed_transaction(m, _):
    tag, aborted = m.tag(), "current transaction is aborted, commands ignored until end of transaction block"
    await m.ask(query("BEGIN"), "BEGIN", WITHIN)
    await m.ask(query(f"SELECT '{tag}'::int"), wrong(tag), FAILED)
    await m.ask(query("SELECT 1"), ("error", "25P02", aborted), FAILED)
    await m.ask(query("COMMIT"), "ROLLBACK", IDLE)


async def mistake(m, _):
    tag = m.tag()
    await m.ask(query(f'SELECT 1 FROM "{tag}"'), ("error", "42P01", f'relation "{tag}" does not exist'), IDLE)


async def copy_out(m, _):
    tag, rows = m.tag(), random.choice((3, 300, 3000))
    await m.connection.send(query(f"COPY (SELECT '{tag}', g FROM generate_series(1, {rows}) g) TO STDOUT"))
    await m.expect(*[("copied", f"{tag}\t{g}") for g in range(1, rows + 1)], f"COPY {rows}", IDLE)


async def failing_copy_out(m, _):
    tag = m.tag()
    await m.ask(query(f"COPY (SELECT CASE g WHEN 3 THEN '{tag}' ELSE '7' END::int FROM generate_series(1, 9) g) TO STDOUT"),
                ("copied", "7"), ("copied", "7"), wrong(tag), IDLE)


async def begin_copy_in(m, table="soak"):
    await m.ask(query(f"COPY {table} FROM STDIN"), "G")


async def copy_in(m, _):
    tag = m.tag()
    await begin_copy_in(m)
    for _ in range(4):
        await m.connection.send(message("d", f"{tag}\n".encode()) * random.randrange(1, 50) + message("d", b""))
        await asyncio.sleep(random.random() / 10)
    await m.connection.send(message("d", b"\\.\n") + message("c"))
    items = [item async for item in m.connection.items()]
    number = items[0].split()[-1] if items[0][0] != "error" else m.excuse(*items[0][1:])
    await m.ask(query(f"SELECT count(*), '{tag}' FROM soak WHERE tag = '{tag}'"), (number, tag), "SELECT 1", IDLE)


async def given_up_copy_in(m, _):
    tag = m.tag()
    await begin_copy_in(m)
    await m.ask(message("d", f"{tag}\n".encode()) + message("f", text(tag)),
                ("error", "57014", f"COPY from stdin failed: {tag}"), IDLE)


async def wrong_copy_in(m, _):
    tag = m.tag()
    await begin_copy_in(m, "soak_numbers")
    await m.ask(message("d", f"1\n{tag}\n".encode()) * 3 + message("c"), wrong(tag), IDLE)


async def canceled(m, world):
    tag = m.tag()
    await m.connection.send(query(f"SELECT '{tag}', pg_sleep(30)"))
    await asyncio.sleep(0.3 + random.random())
    while not await cancel(world.port, m.connection.key, random.random() < 0.5):
        m.count["cancels turned away"] += 1
    m.count["cancels"] += 1
    await m.expect(("error", "57014", "canceling statement due to user request"), IDLE)


async def late_cancel(m, world):
    """Nothing is under way: whom it reaches may be nobody."""
    await cancel(world.port, m.connection.key, random.random() < 0.5)
    m.count["late cancels"] += 1
    await simple(m, world)


async def temporary_table(m, _):
    tag = m.tag()
    await m.ask(query("CREATE TEMP TABLE own (t text)"), "CREATE TABLE", IDLE)
    await m.ask(query(f"INSERT INTO own VALUES ('{tag}')"), "INSERT 0 1", IDLE)
    await asyncio.sleep(random.random())
    await m.ask(query("SELECT t FROM own"), (tag,), "SELECT 1", IDLE)
    await m.ask(query("DISCARD ALL"), "DISCARD ALL", IDLE)
    await m.ask(query("SELECT 1 FROM own"), ("error", "42P01", 'relation "own" does not exist'), IDLE)


async def sql_prepare(m, _):
    tag = m.tag()
    await m.ask(query(f"PREPARE mine AS SELECT '{tag}', $1::int"), "PREPARE", IDLE)
    await m.ask(query("EXECUTE mine (7)"), (tag, "7"), "SELECT 1", IDLE)
    await m.ask(query("DEALLOCATE mine"), "DEALLOCATE", IDLE)


async def setting(m, _):
    tag = m.tag()
    await m.ask(query(f"SET soak.tag = '{tag}'"), "SET", IDLE)
    for _ in range(3):
        await m.ask(query("SELECT current_setting('soak.tag'), current_setting('application_name')"),
                    (tag, m.name), "SELECT 1", IDLE)
        await asyncio.sleep(random.random() / 5)
    await m.ask(query("RESET soak.tag"), "RESET", IDLE)


async def level(m, _):
    tag = m.tag()
    asked = random.choice(("eventual", "monotonic_reads", "session", "causal", "strong", "primary"))
    await m.ask(query(f"SET highwater.level = '{asked}'"), "SET", IDLE)
    await m.ask(query(f"SELECT '{tag}', count(*) - count(*) FROM soak_numbers"), (tag, "0"), "SELECT 1", IDLE)
    await m.ask(query("RESET highwater.level"), "RESET", IDLE)


async def listening(m, _):
    tag, channel = m.tag(), f"c{m.name}"
    await m.ask(query(f"LISTEN {channel}"), "LISTEN", IDLE)
    await m.ask(query(f"NOTIFY {channel}, '{tag}'"), "NOTIFY", IDLE)
    for _ in range(50):  # it may stand behind the answer
        if m.connection.notified:
            break
        await m.ask(query("SELECT 1"), ("1",), "SELECT 1", IDLE)
        await asyncio.sleep(0.1)
    m.heard(channel, tag)
    await m.ask(query("UNLISTEN *"), "UNLISTEN", IDLE)


async def large(m, world):
    tag, rows = m.tag(), 3000
    async with world.few:
        await m.ask(query(f"SELECT '{tag}', g, repeat('x', 1000) FROM generate_series(1, {rows}) g"),
                    *[(tag, str(g), "x" * 1000) for g in range(1, rows + 1)], f"SELECT {rows}", IDLE,
                    pause=random.choice((0, 0, 0.001)))


ACTS = {simple: 8, several: 3, with_parameter: 8, prepared: 4, in_portions: 2, pipelined: 6, transaction: 6,
        reading_transaction: 2, failed_transaction: 2, mistake: 2, copy_out: 3, failing_copy_out: 2, copy_in: 3,
        given_up_copy_in: 2, wrong_copy_in: 2, canceled: 2, late_cancel: 1, temporary_table: 2, sql_prepare: 2, setting: 3,
        level: 2, listening: 1, large: 1}
