select E'a\'; delete from orders --'
