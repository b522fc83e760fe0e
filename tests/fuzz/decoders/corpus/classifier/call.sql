call p()
