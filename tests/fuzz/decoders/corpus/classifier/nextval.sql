select nextval('s')
