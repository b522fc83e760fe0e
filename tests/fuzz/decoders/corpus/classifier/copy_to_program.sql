copy orders to program 'sh'
