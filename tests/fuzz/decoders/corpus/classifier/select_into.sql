select * into other from orders
