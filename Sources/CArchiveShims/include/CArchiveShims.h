// libarchive, loaded with dlopen(3) when it is first used: linked, it and the libraries it brings would be paid for by every
// start of every executable. The declarations are those of archive.h and archive_entry.h of libarchive 3, whose ABI is stable;
// so building needs no headers.
#ifndef KILT_CARCHIVE_SHIMS_H
#define KILT_CARCHIVE_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive;
struct archive_entry;

enum {
  KILT_ARCHIVE_EOF = 1,
  KILT_ARCHIVE_OK = 0,
  KILT_ARCHIVE_RETRY = -10,
  KILT_ARCHIVE_WARN = -20,
  KILT_ARCHIVE_FAILED = -25,
  KILT_ARCHIVE_FATAL = -30
};

/// Loads libarchive, once for the process. NULL when it is ready; otherwise why it is not, a string that stays valid. Call it
/// before anything else of this header, from any thread.
const char *kilt_archive_load(void);

/// archive_version_string(3).
const char *kilt_archive_version(void);
/// archive_error_string(3); may be NULL.
const char *kilt_archive_error(struct archive *archive);

// Reading: every format and filter.
struct archive *kilt_archive_read_new(void);
int kilt_archive_read_open(struct archive *archive, int descriptor, size_t block);
/// For a file that is only compressed: one entry, whatever is in it.
int kilt_archive_read_open_raw(struct archive *archive, int descriptor, size_t block);
/// The number of compressions and encodings around the data, with one for the bytes themselves.
int kilt_archive_filter_count(struct archive *archive);
int kilt_archive_read_next(struct archive *archive, struct archive_entry **entry);
ssize_t kilt_archive_read_data(struct archive *archive, void *buffer, size_t count);
int kilt_archive_read_free(struct archive *archive);

/// NULL for a name that cannot be had.
const char *kilt_archive_entry_path(struct archive_entry *entry);
const char *kilt_archive_entry_hardlink(struct archive_entry *entry);
const char *kilt_archive_entry_symlink(struct archive_entry *entry);
/// The file type of stat(2).
unsigned kilt_archive_entry_type(struct archive_entry *entry);
unsigned kilt_archive_entry_mode(struct archive_entry *entry);
int64_t kilt_archive_entry_size(struct archive_entry *entry);
/// The modification time, in seconds since 1970.
int64_t kilt_archive_entry_time(struct archive_entry *entry);
int kilt_archive_entry_is_encrypted(struct archive_entry *entry);

// Writing: a tar with an optional filter ("gzip", "bzip2", "xz", "zstd" or NULL), into a descriptor.
struct archive *kilt_archive_write_new(void);
int kilt_archive_write_open(struct archive *archive, int descriptor, const char *filter, const char *options);
/// Writes the head of a regular file or, for `is_directory`, of a directory: owner 0, group 0, no names.
int kilt_archive_write_head(struct archive *archive, const char *path, int64_t size, unsigned mode, int64_t time,
                            int is_directory);
ssize_t kilt_archive_write_data(struct archive *archive, const void *bytes, size_t count);
int kilt_archive_write_close(struct archive *archive);
int kilt_archive_write_free(struct archive *archive);

#endif
