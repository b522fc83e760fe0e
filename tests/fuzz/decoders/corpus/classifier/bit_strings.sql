select B'101', X'1f', N'n'
