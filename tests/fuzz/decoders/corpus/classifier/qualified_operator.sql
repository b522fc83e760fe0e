select 1 operator(public.+) 2
