with gone as (delete from orders returning id) select * from gone
