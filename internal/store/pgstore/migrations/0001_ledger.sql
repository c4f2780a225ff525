-- The ledger of meterd. Byte strings and integers only: what they mean is in
-- the package's encode.go, and the order of bytes is the order of the contract.

-- The processes that write, each with a chain of calls of its own.
CREATE TABLE meterd.shards (
	id      int4        PRIMARY KEY CHECK (id BETWEEN 0 AND 32767),
	-- The process that holds the shard: random bytes it drew when it started.
	owner   bytea       NOT NULL,
	-- Raised whenever the owner changes or must look anew: a commit under an
	-- older one is refused.
	epoch   int8        NOT NULL,
	-- From then on another process may take the shard.
	expires timestamptz NOT NULL
);

-- What was committed as one. Facts name their call by batch and place, because
-- a call's number is known only when all else of its batch is settled.
CREATE TABLE meterd.batches (
	id         int8 PRIMARY KEY,
	first_call int8 NOT NULL
);

CREATE TABLE meterd.calls (
	id       int8  PRIMARY KEY,
	-- The shard's when the call was committed. It comes from the row of the
	-- shard, so it is null, and the call refused, if the shard is another's.
	epoch    int8  NOT NULL,
	-- At, entry and facts in the form that the hash chain covers.
	told     bytea NOT NULL,
	-- One byte for each fact.
	outcomes bytea NOT NULL,
	hash     bytea NOT NULL
);

CREATE TABLE meterd.facts (
	quantity  int8  NOT NULL,
	timestamp int8  NOT NULL,
	-- The call: the batch's id, and in the last eight bits the place in it.
	place     int8  NOT NULL,
	-- Null: it stands for good.
	until     int8,
	key       bytea PRIMARY KEY,
	-- Null: empty.
	detail    bytea
);

-- Names may be longer than an index takes, so they are found by their SHA-256.
CREATE TABLE meterd.names (
	id     int8  NOT NULL UNIQUE CHECK (id BETWEEN 1 AND 4294967295),
	digest bytea PRIMARY KEY,
	name   bytea NOT NULL
);

-- The small tables, all in one; digest is the SHA-256 of key.
CREATE TABLE meterd.rows (
	table_name bytea NOT NULL,
	digest     bytea NOT NULL,
	key        bytea NOT NULL,
	value      bytea NOT NULL,
	version    int8  NOT NULL,
	PRIMARY KEY (table_name, digest)
);
