set highwater.level = primary
