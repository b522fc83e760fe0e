select 'ÿþ' from orders
