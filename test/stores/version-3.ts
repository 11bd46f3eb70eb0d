// A store's file of schema version 3, before records could be large and peers banned, as SQL: that of version 2 and what
// version 3 added to it; its records are one of our own, one as large as could be, and that of version 2. Recorded; never
// edited.
import { VERSION_2 } from './version-2.ts'

export const VERSION_3 = `${VERSION_2}
CREATE TABLE value_sets (
     position INTEGER NOT NULL PRIMARY KEY CHECK (position BETWEEN 1 AND 4503599627370496),
     key BLOB NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
     value BLOB NOT NULL CHECK (length(value) <= 8192),
     source BLOB CHECK (length(source) IN (4, 16)),
     refreshed_at INTEGER NOT NULL CHECK (refreshed_at BETWEEN -9007199254740991 AND 9007199254740991)
   ) STRICT;
INSERT INTO value_sets VALUES (7, x'0000000000000000000000000000000000000008', x'62', x'0a000001', 1000);
INSERT INTO value_sets VALUES (3, x'0000000000000000000000000000000000000008', x'61', NULL, 1001);
INSERT INTO records VALUES (x'0000000000000000000000000000000000000009', 9223372036854775807,
  x'6161616161616161616161616161616161616161', x'', NULL, -5, 9007199254740991);
INSERT INTO records VALUES (x'000000000000000000000000000000000000000a', 0,
  x'6161616161616161616161616161616161616161', zeroblob(16384), x'20010db8000000000000000000000000', 1000, 2000);
PRAGMA user_version = 3;
`
