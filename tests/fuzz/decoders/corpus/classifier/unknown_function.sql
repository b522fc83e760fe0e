select f(1)
