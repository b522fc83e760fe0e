select id, total from orders where state = 42 and note like 'a%' order by 1 limit 10
