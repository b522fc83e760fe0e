show highwater.last_route
