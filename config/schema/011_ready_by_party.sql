-- The dispatcher reads ahead by ready_at and then asks for all else that each party has ready. That question has one
-- index of its own, which the optimizer cannot confuse with another whatever its statistics say: job_of_party shared
-- its first columns with the primary key.
CREATE INDEX job_by_party ON job (party_id);
DROP INDEX job_of_party;

-- The ledger is written in the order of `at`: a BRIN index costs nothing for each row. A second B-tree that begins with
-- agency_id was taken instead of the key in a part of the ledger that was still empty when the question was planned.
DROP INDEX fired_at;
CREATE INDEX fired_at ON fired USING brin (at);
