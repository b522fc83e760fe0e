alter role app in database shop set search_path = x
