"""Who comes to the door: clients that log in, act and leave in one of many ways, and others that never get so far."""

import asyncio
import os
import random

import acts
from matching import Excused, Lost, Matcher, Mismatch, Refused, is_limit
from wire import SSL_REQUEST, Connection, fetch, query, startup

HANG_UPS = (ConnectionError, asyncio.IncompleteReadError)


def cut_off(world, where, lost):
    """What is sent while the other side closes is answered by a reset, which may overtake the reason."""
    if not world.may_cut_off():
        raise Mismatch(f"{where}: {lost!r}")
    world.count["cut off at a limit"] += 1


async def leave_idle(m):
    await m.connection.leave()


async def vanish(m):
    m.connection.abort()


async def vanish_in_a_message(m):
    whole = query(f"SELECT '{m.tag()}'" + " " * 500)
    await m.connection.send(whole[:random.randrange(1, len(whole))])
    await asyncio.sleep(random.random() / 2)


async def vanish_in_a_result(m):
    await m.connection.send(query(f"SELECT '{m.tag()}', repeat('x', 1000) FROM generate_series(1, 20000)"))
    await m.connection.reader.read(random.randrange(1, 100000))


async def vanish_in_a_statement(m):
    await m.connection.send(query("SELECT pg_sleep(1)"))
    await asyncio.sleep(random.random() / 2)


async def vanish_in_a_transaction(m):
    await m.ask(query("BEGIN"), "BEGIN", acts.WITHIN)
    await m.ask(query(f"INSERT INTO soak VALUES ('{m.tag()}')"), "INSERT 0 1", acts.WITHIN)


async def vanish_in_copy_in(m):
    await acts.begin_copy_in(m)
    await m.connection.send(b"d\x00\x00\x10\x00only a part")


async def vanish_in_copy_out(m):
    await m.connection.send(query("COPY (SELECT repeat('y', 500) FROM generate_series(1, 20000)) TO STDOUT"))
    await m.connection.reader.read(random.randrange(1, 100000))


async def vanish_in_a_pipeline(m):
    await m.connection.send(query(f"SELECT '{m.tag()}'") * random.randrange(2, 50))


async def vanish_pinned(m):
    await m.ask(query("CREATE TEMP TABLE left_behind (t text)"), "CREATE TABLE", acts.IDLE)


async def leave_at_once(m):
    await m.connection.send(query("SELECT 1"))
    await m.connection.leave()


ENDS = (leave_idle, leave_idle, vanish, vanish_in_a_message, vanish_in_a_result, vanish_in_a_statement,
        vanish_in_a_transaction, vanish_in_copy_in, vanish_in_copy_out, vanish_in_a_pipeline, vanish_pinned,
        leave_at_once)


async def session(world, name):
    """Logs in, acts for a while, leaves somehow."""
    user = random.choice(world.users)
    connection = await Connection.open(world.port, tls=random.random() < 0.5)
    try:
        await connection.login(user, world.database, world.password, application_name=name)
        world.count["sessions"] += 1
        m = Matcher(connection, name, world.count)
        kinds, weights = zip(*acts.ACTS.items())
        for act in random.choices(kinds, weights, k=random.randrange(1, 25)):
            m.act = act.__name__
            await act(m, world)
            await asyncio.sleep(random.expovariate(1 / world.think))
            if world.closing:
                break
        end = random.choice(ENDS)
        m.act = end.__name__
        await end(m)
        world.count[end.__name__] += 1
    except Excused:
        pass
    except HANG_UPS as lost:
        cut_off(world, f"{name} in {m.act if 'm' in locals() else 'login'}", lost)
    except Mismatch as wrong:
        raise Mismatch(f"{wrong} (in {m.act})")
    finally:
        connection.abort()


async def refused_login(world, name):
    user, database, password, state = random.choice((
        ("guesser", world.database, "wrong", "28P01"), ("nobody", world.database, "wrong", "28P01"),
        (world.users[0], "no_such_database", world.password, "3D000")))
    connection = await Connection.open(world.port, tls=random.random() < 0.5)
    try:
        await connection.login(user, database, password, application_name=name)
        raise Mismatch(f"{name}: {user} may log in to {database} with {password}")
    except Refused as refused:
        if refused.state != state and not is_limit(*refused.args):
            raise Mismatch(f"{name}: {user} to {database}: {refused.args} where {state} was due")
        world.count[f"refused {refused.state}"] += 1
    finally:
        connection.abort()


async def half_login(world, name):
    whole = startup(world.users[0], world.database, application_name=name)
    said = random.choice((b"", whole[:3], whole[:random.randrange(4, len(whole))], whole, SSL_REQUEST,
                          SSL_REQUEST + b"\x16\x03\x01\x02\x00\x01", os.urandom(40), b"GET / HTTP/1.1\r\n\r\n"))
    connection = await Connection.open(world.port)
    try:
        await connection.send(said)
        await asyncio.sleep(random.random() * 2)
        world.count["half logins"] += 1
    except ConnectionError:
        pass
    finally:
        connection.abort()


async def replication(world, _):
    connection = await Connection.open(world.port, tls=random.random() < 0.5)
    try:
        database = random.choice(("true", "database"))
        await connection.login("streamer", world.database, world.password, replication=database)
        await connection.send(query("IDENTIFY_SYSTEM"))
        items = [item async for item in connection.items()]
        if items[1:] != ["IDENTIFY_SYSTEM", "ZI"] or items[0][1] != "1":
            raise Mismatch(f"IDENTIFY_SYSTEM: {items}")
        world.count["replication connections"] += 1
        if random.random() < 0.5:
            await connection.send(query(f"START_REPLICATION PHYSICAL {items[0][2]}"))
            kind, _ = await connection.receive()
            if kind != "W":
                raise Mismatch(f"START_REPLICATION: {kind}")
            await connection.reader.read(1000)
        else:
            await connection.leave()
    finally:
        connection.abort()


CONSOLE = ("POOLS", "CLIENTS", "SERVERS", "LISTS", "MEM", "STATS", "NODES", "NODE_POOLS", "DATABASES", "USERS", "PINS",
           "ROUTES", "CONFIG", "POLICIES", "STATE", "TOTALS", "nonsense")


async def console(world, _):
    connection = await Connection.open(world.port, tls=random.random() < 0.5)
    try:
        await connection.login("operator", "highwater", world.password)
        for _ in range(10):
            command = random.choice((*[f"SHOW {view}" for view in CONSOLE], "RECONNECT", "RELOAD"))
            await connection.send(query(command))
            items = [item async for item in connection.items()]
            failed = items[0][0] == "error"
            if items[-1] != "ZI" or failed != ("nonsense" in command) and not (failed and command == "RELOAD"):
                raise Mismatch(f"console: {command}: {items}")
            world.count["console commands"] += 1
            await asyncio.sleep(random.random() / 2)
    finally:
        connection.abort()


async def scrape(world, _):
    path = random.choice(("/metrics", "/metrics", "/healthz", "/readyz", "/nothing"))
    status, _ = await fetch(world.http, path)
    if status != (404 if path == "/nothing" else 200):
        raise Mismatch(f"{path}: {status}")
    world.count["scrapes"] += 1
    await asyncio.sleep(random.random())


LIVES = {session: 60, refused_login: 2, half_login: 6, replication: 1, console: 1, scrape: 2}


async def client(world, number):
    """One of the many: lives after lives until the world closes."""
    kinds, weights = zip(*LIVES.items())
    await asyncio.sleep(random.random() * 3)
    life = 0
    while not world.closing:
        life += 1
        kind = random.choices(kinds, weights)[0]
        try:
            await kind(world, f"r{world.round}c{number}l{life}")
        except HANG_UPS as lost:
            cut_off(world, f"client {number} in {kind.__name__}", lost)
        except Refused as refused:
            if not is_limit(*refused.args):
                raise Mismatch(f"client {number} in {kind.__name__}: {refused.args}") from refused
            world.count[f"turned away {refused.state}"] += 1
        except (Lost, TimeoutError) as lost:
            raise Mismatch(f"client {number} in {kind.__name__}: {lost!r}") from lost
        await asyncio.sleep(random.expovariate(1 / world.think))
