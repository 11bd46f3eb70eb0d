// A store's file of schema version 1, before there were records, as SQL: its schema as that version wrote it, with one row
// or two in each table. Recorded; never edited.

export const VERSION_1 = `
CREATE TABLE peers (
     info_hash BLOB NOT NULL,
     ip BLOB NOT NULL CHECK (length(ip) IN (4, 16)),
     port INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
     seed INTEGER NOT NULL CHECK (seed IN (0, 1)),
     refreshed_at INTEGER NOT NULL CHECK (refreshed_at BETWEEN -9007199254740991 AND 9007199254740991),
     PRIMARY KEY (info_hash, ip, port)
   ) STRICT, WITHOUT ROWID;
CREATE TABLE identities (
     slot TEXT NOT NULL PRIMARY KEY,
     id BLOB NOT NULL CHECK (length(id) <= 512)
   ) STRICT, WITHOUT ROWID;
CREATE TABLE contacts (
     slot TEXT NOT NULL,
     position INTEGER NOT NULL CHECK (position >= 0),
     id BLOB NOT NULL CHECK (length(id) <= 512),
     host TEXT NOT NULL,
     port INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
     replied_at INTEGER NOT NULL CHECK (replied_at BETWEEN -9007199254740991 AND 9007199254740991),
     PRIMARY KEY (slot, position)
   ) STRICT, WITHOUT ROWID;
CREATE TABLE commitments (
     kind TEXT NOT NULL,
     key BLOB NOT NULL CHECK (length(key) <= 512),
     data BLOB NOT NULL CHECK (length(data) <= 4096),
     done_at INTEGER NOT NULL CHECK (done_at BETWEEN -9007199254740991 AND 9007199254740991),
     PRIMARY KEY (kind, key)
   ) STRICT, WITHOUT ROWID;
INSERT INTO peers VALUES (x'0000000000000000000000000000000000000001', x'0a000001', 65535, 1, 1);
INSERT INTO peers VALUES (x'0000000000000000000000000000000000000002', x'20010db8000000000000000000000000', 256, 0, 2);
INSERT INTO identities VALUES ('v4', x'0000000000000000000000000000000000000004');
INSERT INTO contacts VALUES ('v4', 0, x'0000000000000000000000000000000000000003', '2001:db8::1', 3, 3);
INSERT INTO commitments VALUES ('announce', x'0000000000000000000000000000000000000001', x'0909', 7);
PRAGMA application_id = 2020569698;
PRAGMA user_version = 1;
`
