select 1and 2
