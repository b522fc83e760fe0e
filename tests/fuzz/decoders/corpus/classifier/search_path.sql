set search_path = a, b
