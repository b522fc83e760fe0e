select current_setting('data_directory'), current_setting('app.user') from orders
