select * from orders for update
