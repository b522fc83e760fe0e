select $a$ $b$ 'x' $b$ $a$, $1
