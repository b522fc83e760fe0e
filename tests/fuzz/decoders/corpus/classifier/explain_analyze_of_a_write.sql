explain analyze delete from orders
