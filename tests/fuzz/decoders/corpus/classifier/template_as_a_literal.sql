create database other template 'shop'
