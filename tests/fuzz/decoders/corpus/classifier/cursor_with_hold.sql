declare c cursor with hold for select 1
