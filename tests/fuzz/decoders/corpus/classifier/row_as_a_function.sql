select o.nextval from orders o
