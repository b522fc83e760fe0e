"""Logs in by each of the URLs given and says, in a line for each, who it has become there, or why it could not.

    door_login.py psycopg2|psycopg3|asyncpg URL...
"""

import asyncio
import sys

# Who one is there, and whether the connection on which the server is asked is encrypted.
QUESTION = "select current_user || ' ' || ssl from pg_stat_ssl where pid = pg_backend_pid()"


def ask_psycopg2(url):
    import psycopg2
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(QUESTION)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def ask_psycopg3(url):
    import psycopg
    with psycopg.connect(url) as connection:
        return connection.execute(QUESTION).fetchone()[0]


async def ask_asyncpg(url):
    import asyncpg
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(QUESTION)
    finally:
        await connection.close()


ASK = {"psycopg2": ask_psycopg2, "psycopg3": ask_psycopg3, "asyncpg": lambda url: asyncio.run(ask_asyncpg(url))}

for url in sys.argv[2:]:
    try:
        answer = ASK[sys.argv[1]](url)
    except Exception as error:  # whatever kind a driver has for it
        answer = f"{type(error).__name__}: {error}"
    print(" ".join(answer.split()))
