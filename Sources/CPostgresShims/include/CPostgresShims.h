// libpq, loaded with dlopen(3) when it is first used: only a scheduler whose runs are in PostgreSQL pays for it. The
// declarations are those of libpq-fe.h of PostgreSQL 10 and later, whose ABI is stable; so building needs no headers.
#ifndef KILT_CPOSTGRES_SHIMS_H
#define KILT_CPOSTGRES_SHIMS_H

struct pg_conn;
struct pg_result;

/// The results of `kilt_pg_result_status` that are no errors.
enum { KILT_PG_COMMAND_OK = 1, KILT_PG_TUPLES_OK = 2 };
/// The type of a column that holds integers of 64 bits.
enum { KILT_PG_INT8 = 20 };

/// Loads libpq, once for the process. NULL when it is ready; otherwise why it is not, a string that stays valid. Call it
/// before anything else of this header, from any thread.
const char *kilt_pg_load(void);

/// Connects, and waits for the end of it. Both lists end with NULL. `dbname` can be a URL. To be finished in any case;
/// NULL without memory.
struct pg_conn *kilt_pg_connect(const char *const *keywords, const char *const *values);
/// 1 for a connection that can be used.
int kilt_pg_is_connected(struct pg_conn *connection);
/// The last error, one or more lines.
const char *kilt_pg_error(struct pg_conn *connection);
void kilt_pg_finish(struct pg_conn *connection);

/// Runs one statement with values as text, NULL for null. The result is to be cleared; NULL without memory.
struct pg_result *kilt_pg_execute(
    struct pg_conn *connection, const char *sql, int count, const char *const *values);
int kilt_pg_result_status(struct pg_result *result);
/// The five characters of the error's SQLSTATE; NULL for an error that did not come from the server.
const char *kilt_pg_result_code(struct pg_result *result);
int kilt_pg_row_count(struct pg_result *result);
int kilt_pg_column_count(struct pg_result *result);
unsigned kilt_pg_column_type(struct pg_result *result, int column);
/// NULL for null.
const char *kilt_pg_value(struct pg_result *result, int row, int column);
void kilt_pg_clear(struct pg_result *result);

#endif
