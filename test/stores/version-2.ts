// A store's file of schema version 2, before there were sets of values, as SQL: that of version 1 and what version 2 added
// to it, with one row or two in each table. Recorded; never edited.
import { VERSION_1 } from './version-1.ts'

export const VERSION_2 = `${VERSION_1}
CREATE TABLE records (
     key BLOB NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 64),
     version INTEGER NOT NULL CHECK (version >= 0),
     digest BLOB NOT NULL CHECK (length(digest) = 20),
     data BLOB NOT NULL CHECK (length(data) <= 16384),
     source BLOB CHECK (length(source) IN (4, 16)),
     refreshed_at INTEGER NOT NULL CHECK (refreshed_at BETWEEN -9007199254740991 AND 9007199254740991),
     expires_at INTEGER NOT NULL CHECK (expires_at BETWEEN -9007199254740991 AND 9007199254740991)
   ) STRICT;
CREATE TABLE versions (
     key BLOB NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
     kind TEXT NOT NULL CHECK (kind IN ('tombstone', 'seen')),
     version INTEGER NOT NULL CHECK (version >= 0),
     digest BLOB NOT NULL CHECK (length(digest) = 20),
     noted_at INTEGER NOT NULL CHECK (noted_at BETWEEN -9007199254740991 AND 9007199254740991),
     PRIMARY KEY (key, kind)
   ) STRICT, WITHOUT ROWID;
INSERT INTO records VALUES (x'0000000000000000000000000000000000000005', 3,
  x'6161616161616161616161616161616161616161', x'61616161', x'0a000009', 1000, 2000);
INSERT INTO versions VALUES (x'0000000000000000000000000000000000000006', 'tombstone', 2,
  x'6161616161616161616161616161616161616161', 1500);
INSERT INTO versions VALUES (x'0000000000000000000000000000000000000007', 'seen', 8,
  x'6161616161616161616161616161616161616161', 9);
PRAGMA user_version = 2;
`
