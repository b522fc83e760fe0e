table orders
