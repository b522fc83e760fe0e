rollback to savepoint a
