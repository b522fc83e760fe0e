select coalesce(pg_try_advisory_lock(7), false) from orders
