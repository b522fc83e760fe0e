with o as (select * from orders where id in (1, 2, 3)) select c.name, sum(o.total) from items c join o on o.state = c.id group by c.name having count(*) > 1
