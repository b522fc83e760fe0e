select set_config('search_path', 'a', false)
