select 1 /* /* */
