select 'né', "größe" from orders
