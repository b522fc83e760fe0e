execute "P" (1)
