prepare p (int) as select * from orders where id = $1
