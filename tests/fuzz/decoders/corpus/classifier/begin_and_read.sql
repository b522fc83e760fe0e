begin read only; select 1
