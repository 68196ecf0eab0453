CREATE TABLE list (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  address TEXT NOT NULL,
  validity INTEGER NOT NULL,
  low INTEGER NOT NULL,
  high INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created INTEGER NOT NULL,
  arrived INTEGER NOT NULL,           -- when its last message arrived
  removed INTEGER NOT NULL,           -- the revision of its last removal
  changed INTEGER NOT NULL            -- ascends over all lists with every change of any
) STRICT;
CREATE INDEX list_changed ON list (changed);

CREATE TABLE block (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  length INTEGER NOT NULL,            -- octets when decompressed
  data BLOB NOT NULL
) STRICT;

CREATE TABLE message (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  node INTEGER NOT NULL REFERENCES node,
  block INTEGER NOT NULL REFERENCES block,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  digest BLOB NOT NULL,
  head BLOB,                          -- the served head as a delta to the original octets, or NULL
  plain INTEGER NOT NULL,             -- whether the octets lie there with CRLF for LF, ready to be served
  dotted INTEGER NOT NULL,
  sent INTEGER,
  received INTEGER NOT NULL,
  arrived INTEGER NOT NULL,
  size INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (list, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  node INTEGER REFERENCES node,       -- NULL where the message was lost, not removed
  digest BLOB NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (list, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_node ON tombstone (node);

CREATE TABLE node (
  id INTEGER PRIMARY KEY,
  list INTEGER NOT NULL REFERENCES list,
  message_id BLOB NOT NULL,
  number INTEGER,                     -- NULL for a ghost
  sent INTEGER NOT NULL,
  parent INTEGER REFERENCES node,
  evidence INTEGER NOT NULL,
  weight INTEGER NOT NULL,
  severed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX node_message_id ON node (message_id, list);
CREATE INDEX node_parent ON node (parent) WHERE parent IS NOT NULL;

CREATE TABLE note (
  list INTEGER NOT NULL REFERENCES list,
  key BLOB NOT NULL,
  waits INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  PRIMARY KEY (list, key, waits, sent, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE copy (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  other_list INTEGER NOT NULL REFERENCES list,
  other_number INTEGER NOT NULL,
  PRIMARY KEY (list, number, other_list)
) STRICT, WITHOUT ROWID;

CREATE TABLE page (
  list INTEGER NOT NULL REFERENCES list,
  kind TEXT NOT NULL,
  page INTEGER NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (list, kind, page)
) STRICT;

CREATE TABLE source (
  list INTEGER NOT NULL REFERENCES list,
  source TEXT NOT NULL,
  cursor BLOB NOT NULL,
  PRIMARY KEY (list, source)
) STRICT, WITHOUT ROWID;
