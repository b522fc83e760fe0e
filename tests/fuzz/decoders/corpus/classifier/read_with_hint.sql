/* highwater: level=strong */ select 1
