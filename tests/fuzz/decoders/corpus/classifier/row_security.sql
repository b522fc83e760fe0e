select * from tenants
