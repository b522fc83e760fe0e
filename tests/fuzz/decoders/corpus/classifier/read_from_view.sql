select * from open_orders
