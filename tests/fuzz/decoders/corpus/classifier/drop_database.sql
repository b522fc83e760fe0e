drop database shop with (force)
