"""asyncpg: connects to the first of the ports given that somebody listens on, and says which, and all that later versions
look at when they choose by target_session_attrs (this one has not got it)."""

import asyncio
import sys

import asyncpg


async def main(ports):
    connection = await asyncpg.connect(host=["127.0.0.1"] * len(ports), port=ports)
    told = connection.get_settings()
    print(connection._addr[1], told.in_hot_standby, told.default_transaction_read_only,
          await connection.fetchval("SELECT pg_catalog.pg_is_in_recovery()"),
          await connection.fetchval("SHOW transaction_read_only"))
    await connection.close()


asyncio.run(main([int(port) for port in sys.argv[1:]]))
