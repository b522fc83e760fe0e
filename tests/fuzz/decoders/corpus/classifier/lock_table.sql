lock table orders
