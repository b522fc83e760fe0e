create temp table t as select 1
