select pg_notify('c', 'p')
