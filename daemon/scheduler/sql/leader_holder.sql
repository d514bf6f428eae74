-- leader_holder.sql: who leads.
SELECT holder FROM leader
