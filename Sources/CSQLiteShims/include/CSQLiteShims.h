// SQLite, loaded with dlopen(3) when it is first used: linked, it would be paid for by every start of `kilt`. The declarations
// are those of sqlite3.h of SQLite 3, whose ABI is stable; so building needs no headers.
#ifndef KILT_CSQLITE_SHIMS_H
#define KILT_CSQLITE_SHIMS_H

#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

enum { KILT_SQLITE_OK = 0, KILT_SQLITE_BUSY = 5, KILT_SQLITE_FULL = 13, KILT_SQLITE_ROW = 100, KILT_SQLITE_DONE = 101 };
enum { KILT_SQLITE_INTEGER = 1, KILT_SQLITE_TEXT = 3, KILT_SQLITE_NULL = 5 };

/// Loads SQLite, once for the process. NULL when it is ready; otherwise why it is not, a string that stays valid. Call it
/// before anything else of this header, from any thread.
const char *kilt_sqlite_load(void);

/// Opens a file for reading and writing, and creates it where it does not exist. `*database` is to be closed in any case.
int kilt_sqlite_open(const char *path, struct sqlite3 **database);
int kilt_sqlite_close(struct sqlite3 *database);
/// The primary result code of the last call, without the extended bits.
int kilt_sqlite_error_code(struct sqlite3 *database);
const char *kilt_sqlite_error(struct sqlite3 *database);
/// How long a call waits for another process's transaction.
int kilt_sqlite_busy_timeout(struct sqlite3 *database, int milliseconds);
/// Runs statements that return no rows.
int kilt_sqlite_execute(struct sqlite3 *database, const char *sql);

int kilt_sqlite_prepare(struct sqlite3 *database, const char *sql, struct sqlite3_stmt **statement);
/// The text is copied.
int kilt_sqlite_bind_text(struct sqlite3_stmt *statement, int index, const char *text, int count);
int kilt_sqlite_bind_integer(struct sqlite3_stmt *statement, int index, int64_t value);
int kilt_sqlite_bind_null(struct sqlite3_stmt *statement, int index);
int kilt_sqlite_step(struct sqlite3_stmt *statement);
int kilt_sqlite_reset(struct sqlite3_stmt *statement);
int kilt_sqlite_finalize(struct sqlite3_stmt *statement);
int kilt_sqlite_column_count(struct sqlite3_stmt *statement);
int kilt_sqlite_column_type(struct sqlite3_stmt *statement, int index);
int64_t kilt_sqlite_column_integer(struct sqlite3_stmt *statement, int index);
const unsigned char *kilt_sqlite_column_text(struct sqlite3_stmt *statement, int index);
int kilt_sqlite_column_bytes(struct sqlite3_stmt *statement, int index);

#endif
