deallocate p
