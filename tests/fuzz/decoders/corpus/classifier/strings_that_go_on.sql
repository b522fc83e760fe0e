select 'a'
'b'
