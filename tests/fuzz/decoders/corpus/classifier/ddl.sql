create index on orders (id); alter table orders add c int default 1
