select current_setting('highwater.level')
