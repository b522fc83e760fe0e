explain select * from orders
